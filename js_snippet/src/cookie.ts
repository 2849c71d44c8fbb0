// Keeps the visitor's id in a first-party cookie that all subdomains of the site share.

const PROBE = "waywiser_probe";
const LIFETIME = 400 * 86400; // seconds; browsers allow no longer

export function readCookie(name: string): string {
  try {
    return document.cookie.match(`(?:^|; )${name}=([^;]+)`)?.[1] ?? "";
  } catch {
    return ""; // A sandboxed frame may not even look.
  }
}

/** Removes it from every domain that this page may write for. */
export function eraseCookie(name: string): void {
  const labels = location.hostname.split(".");
  bake(name, "", 0, "");
  labels.forEach((_, first) => bake(name, "", 0, `;domain=${labels.slice(first).join(".")}`));
}

/** Browsers refuse a cookie for a public suffix such as co.uk: the widest domain that takes one is the site's own. */
export function writeCookie(name: string, value: string): void {
  const labels = location.hostname.split(".");
  let domain = "";
  for (let first = labels.length; first-- && !readCookie(PROBE); ) {
    domain = `;domain=${labels.slice(first).join(".")}`;
    bake(PROBE, "1", 9, domain);
  }
  bake(name, value, LIFETIME, readCookie(PROBE) && domain);
  bake(PROBE, "", 0, domain);
}

function bake(name: string, value: string, seconds: number, domain: string): void {
  try {
    document.cookie = `${name}=${value};path=/;max-age=${seconds};samesite=lax${domain}`;
  } catch {
    // The same frame: localStorage or memory has it.
  }
}
