// Keeps what all pages of a site share. One rule of precedence: the cookie counts, because all subdomains have it; else
// localStorage, which restores a lost cookie; else memory. It is written to all places that accept it.
import { readCookies, writeCookie } from "./cookie";
import { mayStore, read, write } from "./store";

const LIFETIME = 400 * 86400; // seconds; browsers allow no longer

export function recall(name: string): string {
  return (mayStore && readCookies(name)[0]) || read(name);
}

/** Without a value it is forgotten. */
export function share(name: string, value = "", seconds = LIFETIME): string {
  if (mayStore) writeCookie(name, value, value && seconds);
  return write(name, value);
}
