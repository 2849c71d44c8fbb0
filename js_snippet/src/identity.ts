// Knows who acts: the browser's anonymous id and, once the site has told it, the user id.
//
// Where the visitor allows no storage, ids live in memory alone and are not sent.
import { forget, recall, share } from "./shared";
import { mayStore, names, read, remove, write } from "./store";
import { uuid } from "./uuid";

const ID = "waywiser_id";
/** Followed by the anonymous id: a reset on another subdomain must end it here too. */
const USER = "waywiser_user.";

/** An id as the collector may learn it. */
export function told<T>(id: T): T | undefined {
  return mayStore ? id : undefined;
}

export function anonymousId(): string {
  return recall(ID) || share(ID, uuid());
}

export function userId(): string | undefined {
  return read(USER + anonymousId()) || undefined;
}

export function setUser(id: string): void {
  write(USER + anonymousId(), id);
}

export function newVisitor(id = uuid()): void {
  forgetVisitor();
  share(ID, id);
}

/** Writes the ids again, so that a regular visitor's cookie never expires and all places hold the same. */
export function renew(): void {
  const user = userId();
  share(ID, anonymousId());
  if (user) setUser(user);
}

export function forgetVisitor(): void {
  names(USER).forEach(remove);
  forget(ID);
}
