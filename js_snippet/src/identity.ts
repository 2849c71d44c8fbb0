// Knows who acts: the browser's anonymous id and, once the site has told it, the user id.
//
// Precedence of the anonymous id: the cookie, because all subdomains share it; else localStorage, which restores a lost
// cookie; else memory. It is written to all places that accept it. An opt-out stands in the place of the id, so that it
// holds wherever the id would have and leaves no id behind.
import { readCookie, writeCookie } from "./cookie";
import { read, remove, write } from "./store";
import { uuid } from "./uuid";

const ID = "waywiser_id";
const USER = "waywiser_user";
const OUT = "opted-out";

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

export function newVisitor(): void {
  remove(USER);
  become(uuid());
}

/** Writes the id again, so that a regular visitor's cookie never expires and all places hold the same id. */
export function renew(): void {
  become(anonymousId());
}

function become(id: string): void {
  write(ID, id);
  writeCookie(ID, id);
}
