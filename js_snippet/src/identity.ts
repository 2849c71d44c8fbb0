// Knows who acts: the browser's anonymous id and, once the site has told it, the user id.
//
// Precedence of the anonymous id: the cookie, because all subdomains share it; else localStorage, which restores a lost
// cookie; else memory. It is written to all places that accept it. An opt-out stands in the place of the id, so that it
// holds wherever the id would have and leaves no id behind.
//
// Cookieless, ids live in memory alone and are not sent; a refusal of an earlier visit still holds.
import { eraseCookie, readCookie, writeCookie } from "./cookie";
import { names, read, remove, useMemory, write } from "./store";
import { uuid } from "./uuid";

const ID = "waywiser_id";
const USER = "waywiser_user";
const OUT = "opted-out";

let isCookieless = false;

/** Keeps nothing in the browser from now on, and removes what earlier visits left but a refusal. */
export function goCookieless(): void {
  const known = readCookie(ID) || read(ID);
  isCookieless = true;
  if (known && known !== OUT) eraseCookie(ID);
  if (known !== OUT) names("waywiser_").forEach(remove);
  useMemory();
  if (known === OUT) write(ID, OUT);
}

/** An id as the collector may learn it. */
export function told<T>(id: T): T | undefined {
  return isCookieless ? undefined : id;
}

export function anonymousId(): string {
  return readCookie(ID) || read(ID) || write(ID, uuid());
}

/** The user id is bound to the anonymous id: a reset on another subdomain must end it here too. */
export function userId(anonymous = anonymousId()): string | undefined {
  const [owner, user] = read(USER).split(/ (.*)/s);
  return owner === anonymous ? user : undefined;
}

export function setUser(id: string): void {
  write(USER, `${anonymousId()} ${id}`);
}

export function isOut(anonymous = anonymousId()): boolean {
  return anonymous === OUT;
}

export function optOut(): void {
  remove(USER);
  become(OUT);
}

export function newVisitor(id = uuid()): void {
  remove(USER);
  become(id);
}

/** Writes the id again, so that a regular visitor's cookie never expires and all places hold the same id. */
export function renew(): void {
  if (!isCookieless) become(anonymousId());
}

function become(id: string): void {
  if (!isCookieless) writeCookie(ID, id);
  else if (id !== OUT) {
    remove(ID); // A refusal of an earlier visit, now taken back.
    eraseCookie(ID);
  }
  write(ID, id);
}
