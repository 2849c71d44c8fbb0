// Says which session an event belongs to, shared by all tabs and subdomains of a site.
//
// It is kept as "id.start.last.before": the times of its start and of its last event, and the session before it. Its id
// begins like the anonymous id that it belongs to: a reset on another subdomain must end it here too.
import { anonymousId, renew, SESSION, told } from "./identity";
import { recall, share } from "./shared";
import { mayStore, OF_VISITOR, read, write } from "./store";
import { uuid } from "./uuid";

const COUNT = `${OF_VISITOR}count`;
const IDLE = 30 * 60e3; // milliseconds
const LONGEST = 24 * 3600e3;
const OFTEN = 1e3; // a cookie takes time to write

export interface Place {
  sessionId: string | undefined;
  /** Grows with every event of this browser at this host, over all sessions, so that the collector can see gaps. */
  sequence: number;
}

let kept = 0;

/** Places an event: an idle gap or a session grown too long begins a new one, but not for what is past. */
export function place(at: number, isPast?: boolean): Place | undefined {
  if (!isPast) enter(at);
  const [id, start = 0, last = 0, before] = current(at);
  if (!id) return undefined;
  if (at - kept > OFTEN) keep(id, start, Math.max(at, +last), before);
  return { sessionId: told((at < +start && before) || id), sequence: +write(COUNT, `${+read(COUNT) + 1}`) };
}

/** Begins a session if none is open. At load, so that tabs which start together agree before their views are sent. */
export function enter(at: number): void {
  if (openSession(at)) return;
  joinSession(beginning() + uuid().slice(8), at);
  renew(); // Last: what has a new value finds the domain that takes it.
}

/** The session that goes on, if there is one. */
export function openSession(at: number): string | undefined {
  return current(at)[0];
}

/** Goes on with a session, which may have begun on another domain. */
export function joinSession(id: string, at: number): void {
  keep(id, at, at, recall(SESSION).split(".")[0]);
}

function current(at: number): string[] {
  const session = recall(SESSION).split(".");
  const [id, start, last] = session;
  return id!.startsWith(beginning()) &&
    at - +start! <= LONGEST &&
    at - +last! <= IDLE &&
    +last! - Date.now() <= IDLE // A clock may have been ahead.
    ? session
    : [];
}

function keep(...session: unknown[]): void {
  kept = mayStore ? Date.now() : 0;
  share(SESSION, session.join("."), IDLE / 1e3);
}

function beginning(): string {
  return anonymousId().slice(0, 8);
}
