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
  const isOver = !(at - +last <= IDLE && at - +start <= LONGEST);
  const sequence = +count + 1;
  if (isPast) {
    if (isOver) return undefined;
    write(NAME, [sessionId, start, Math.max(at, +last), sequence].join(" "));
    if (at < +start) sessionId = (sessionId === latest ? earlier : latest) || sessionId;
    return { sessionId: told(sessionId), sequence };
  }
  if (isOver) {
    renew();
    sessionId = uuid();
    start = `${at}`;
  }
  if (sessionId !== latest) [earlier, latest] = [latest, sessionId];
  write(NAME, [sessionId, start, at, sequence].join(" "));
  return { sessionId: told(sessionId), sequence };
}

export function endSession(): void {
  latest = earlier = "";
  remove(NAME);
}
