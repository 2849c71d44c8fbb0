// Says which session an event belongs to, shared by all tabs of a site.
import { renew, told } from "./identity";
import { read, remove, write } from "./store";
import { uuid } from "./uuid";

const NAME = "waywiser_session";
const IDLE = 30 * 60e3; // milliseconds
const LONGEST = 24 * 3600e3;

export interface Place {
  sessionId: string | undefined;
  /** Grows with every event of this browser, over all sessions, so that the collector can see gaps. */
  sequence: number;
}

/** The session of this page's last event, and the one that it was in before. */
let latest = "";
let earlier = "";

/** Places an event: an idle gap or a session grown too long begins a new one, but not for what is past. */
export function place(at: number, isPast?: boolean): Place | undefined {
  let [sessionId = "", start = "", last = "", count = 0] = read(NAME).split(" ");
  const over = isOver(at, start, last);
  const sequence = +count + 1;
  if (isPast) {
    if (over) return undefined;
    write(NAME, [sessionId, start, Math.max(at, +last), sequence].join(" "));
    if (at < +start) sessionId = (sessionId === latest ? earlier : latest) || sessionId;
    return { sessionId: told(sessionId), sequence };
  }
  if (over) {
    renew();
    sessionId = uuid();
    start = `${at}`;
  }
  if (sessionId !== latest) [earlier, latest] = [latest, sessionId];
  write(NAME, [sessionId, start, at, sequence].join(" "));
  return { sessionId: told(sessionId), sequence };
}

/** The session that goes on, if there is one. */
export function openSession(at: number): string | undefined {
  const [sessionId, start = "", last = ""] = read(NAME).split(" ");
  return isOver(at, start, last) ? undefined : sessionId;
}

/** Goes on with a session that began on another domain. */
export function joinSession(sessionId: string, at: number): void {
  const [, , , count = 0] = read(NAME).split(" ");
  write(NAME, [sessionId, at, at, count].join(" "));
}

function isOver(at: number, start: string, last: string): boolean {
  return !(at - +last <= IDLE && at - +start <= LONGEST);
}

export function endSession(): void {
  latest = earlier = "";
  remove(NAME);
}
