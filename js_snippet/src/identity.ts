// Knows who acts: the browser's anonymous id and, once the site has told it, the user id.
//
// Precedence of the anonymous id: the cookie, because all subdomains share it; else localStorage, which restores a lost
// cookie; else memory. It is written to all places that accept it. Where the visitor allows no storage, ids live in
// memory alone and are not sent.
import { eraseCookie, readCookies, writeCookie } from "./cookie";
import { mayStore, read, remove, write } from "./store";
import { uuid } from "./uuid";

const ID = "waywiser_id";
const USER = "waywiser_user";

/** An id as the collector may learn it. */
export function told<T>(id: T): T | undefined {
  return mayStore ? id : undefined;
}

export function anonymousId(): string {
  return (mayStore && readCookies(ID)[0]) || read(ID) || become(uuid());
}

/** The user id is bound to the anonymous id: a reset on another subdomain must end it here too. */
export function userId(): string | undefined {
  const [owner, user] = read(USER).split(/ (.*)/s);
  return owner === anonymousId() ? user : undefined;
}

export function setUser(id: string): void {
  write(USER, `${anonymousId()} ${id}`);
}

export function newVisitor(id = uuid()): void {
  remove(USER);
  become(id);
}

/** Writes the ids again, so that a regular visitor's cookie never expires and all places hold the same. */
export function renew(): void {
  const user = userId();
  become(anonymousId());
  if (user) setUser(user);
}

export function forgetVisitor(): void {
  eraseCookie(ID);
  remove(ID);
  remove(USER);
}

function become(id: string): string {
  if (mayStore) writeCookie(ID, id);
  return write(ID, id);
}
