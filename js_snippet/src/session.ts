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

/** Places an event: an idle gap or a session grown too long begins a new one. */
export function place(at: number): Place {
  let [sessionId = "", start, last, count] = read(NAME).split(" ");
  if (!(at - +last! <= IDLE && at - +start! <= LONGEST)) {
    renew();
    sessionId = uuid();
    start = `${at}`;
  }
  const sequence = +(count ?? 0) + 1;
  write(NAME, [sessionId, start, at, sequence].join(" "));
  return { sessionId: told(sessionId), sequence };
}

export function endSession(): void {
  remove(NAME);
}
