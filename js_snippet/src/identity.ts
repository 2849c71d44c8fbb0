// Knows who acts: the browser's anonymous id and, once the site has told it, the user id.
//
// Where the visitor allows no storage, ids live in memory alone and are not sent.
import { recall, share } from "./shared";
import { mayStore, names, OF_VISITOR, read, remove, write } from "./store";
import { uuid } from "./uuid";

const ID = "waywiser_id";
export const SESSION = "waywiser_session";
/** Followed by the anonymous id: a reset on another subdomain must end it here too. */
const USER = `${OF_VISITOR}user.`;

/** An id as the collector may learn it. */
export function told<T>(id: T): T | undefined {
  return mayStore ? id : undefined;
}

/** A new one gets its cookie with the session that begins with it. */
export function anonymousId(): string {
  return recall(ID) || write(ID, uuid());
}

export function userId(): string | undefined {
  return read(USER + anonymousId()) || undefined;
}

export function setUser(id: string | undefined): void {
  write(USER + anonymousId(), id!);
}

export function newVisitor(id?: string): void {
  forgetVisitor();
  share(ID, id ?? uuid());
}

/** Writes the ids again, so that a regular visitor's cookie never expires and all places hold the same. */
export function renew(): void {
  share(ID, anonymousId());
  setUser(userId());
}

/** And all that the browser keeps of the visit, but for the answer and for what waits to be sent. */
export function forgetVisitor(): void {
  names(OF_VISITOR).forEach(remove);
  share(ID);
  share(SESSION);
}
