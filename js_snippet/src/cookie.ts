// Keeps a value in a first-party cookie that all subdomains of the site share.
import { attempt } from "./guard";

/** What document.cookie said last: asking is slow, so it is asked once for each event. */
let jar = "";
/** How many labels of the host name come before the site's own domain, and one more; once it is known. */
let widest = 0;

export function lookAtCookies(): void {
  jar = `${attempt(() => document.cookie)}`;
}

/** All values of that name: a cookie of the page's own host stands beside that of the site. */
export function readCookies(name: string): string[] {
  const found = jar.split("; ").filter((cookie) => cookie.startsWith(`${name}=`));
  return found.map((cookie) => cookie.slice(name.length + 1));
}

/**
 * Browsers refuse a cookie for a public suffix such as co.uk: the widest domain that takes one is the site's own. That
 * of a narrower domain would hide it, so it is erased. Without a value that is all. A value that is there already cannot
 * tell which domain takes it, so it stays as it is until another one has told.
 */
export function writeCookie(name: string, value: string, seconds: number | ""): void {
  const labels = location.hostname.split(".");
  if (!widest && readCookies(name).includes(value)) return;
  for (let first = widest || labels.length - 1; first-- >= 0; ) {
    const domain = first < 0 ? "" : `;domain=${labels.slice(first).join(".")}`;
    const secure = isSecureContext ? ";secure" : "";
    attempt(() => (document.cookie = `${name}=${value};path=/;max-age=${+seconds};samesite=lax${secure}${domain}`));
    lookAtCookies();
    if (readCookies(name).includes(value)) {
      widest = first + 1;
      seconds = 0;
    }
    if (`${readCookies(name)}` === value) return;
  }
}
