// Keeps a value in a first-party cookie that all subdomains of the site share.

const LIFETIME = 400 * 86400; // seconds; browsers allow no longer

/** What document.cookie said in this task: asking is slow, and every event asks. */
let jar: string | undefined;

/** All values of that name: a cookie of the page's own host stands beside that of the site. */
export function readCookies(name: string): string[] {
  if (jar === undefined) {
    queueMicrotask(forgetJar);
    try {
      jar = document.cookie;
    } catch {
      jar = ""; // A sandboxed frame may not even look.
    }
  }
  const found = jar.split("; ").filter((cookie) => cookie.startsWith(`${name}=`));
  return found.map((cookie) => cookie.slice(name.length + 1));
}

/** Removes it from every domain that this page may write for. */
export function eraseCookie(name: string): void {
  for (const domain of domains()) bake(name, "", 0, domain);
}

/** Browsers refuse a cookie for a public suffix such as co.uk: the widest domain that takes one is the site's own. */
export function writeCookie(name: string, value: string, seconds = LIFETIME): void {
  eraseCookie(name); // That of a narrower domain would hide it.
  domains().some((domain) => {
    bake(name, value, seconds, domain);
    return readCookies(name).includes(value);
  });
}

/** From the widest to the page's own host. */
function domains(): string[] {
  const labels = location.hostname.split(".");
  const suffixes = labels.map((_, first) => `;domain=${labels.slice(first).join(".")}`);
  return ["", ...suffixes].reverse();
}

function bake(name: string, value: string, seconds: number, domain: string): void {
  const secure = location.protocol === "https:" ? ";secure" : "";
  try {
    document.cookie = `${name}=${value};path=/;max-age=${seconds};samesite=lax${secure}${domain}`;
  } catch {
    // The same frame: localStorage or memory has it.
  }
  forgetJar();
}

function forgetJar(): void {
  jar = undefined;
}
