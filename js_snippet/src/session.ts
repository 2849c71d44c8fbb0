// Says which session an event belongs to, shared by all tabs and subdomains of a site.
//
// It stands in a cookie and in localStorage as "last.id.start.owner": the times of its last event and of its start, and
// the end of the anonymous id that it belongs to, as a reset on another subdomain must end it here too. The later one
// counts. localStorage adds the number of the last event, which goes by host.
import { eraseCookie, readCookies, writeCookie } from "./cookie";
import { anonymousId, renew, told } from "./identity";
import { mayStore, read, remove, write } from "./store";
import { uuid } from "./uuid";

const NAME = "waywiser_session";
const IDLE = 30 * 60e3; // milliseconds
const LONGEST = 24 * 3600e3;
const REFRESH = 60e3; // the cookie is written no more often

export interface Place {
  sessionId: string | undefined;
  /** Grows with every event of this browser at this host, over all sessions, so that the collector can see gaps. */
  sequence: number;
}

/** The session of this page's last event, and the one that it was in before. */
let latest: string | undefined;
let earlier: string | undefined;
let refreshed = 0;

/** Opens the session before its first event: tabs that start together agree on one while their views still wait. */
export function openSession(): void {
  place(Date.now(), false, 0);
}

/** Places an event: an idle gap or a session grown too long begins a new one; what is past has no place then. */
export function place(at: number, isPast?: boolean, step = 1): Place | undefined {
  const owner = anonymousId().slice(-8);
  const [local = "", count = 0] = read(NAME).split(" ");
  let state = [(mayStore && readCookies(NAME)[0]) || "", local].sort()[1]!;
  let [last = 0, sessionId, start = 0]: (string | number | undefined)[] = state.endsWith(owner) ? state.split(".") : [];
  const isOver = !(at - +last <= IDLE && at - +start <= LONGEST);
  if (!isPast) {
    if (isOver) {
      renew();
      sessionId = uuid();
      start = at;
      refreshed = 0;
    }
    if (sessionId !== latest) [earlier, latest] = [latest, sessionId as string];
  } else if (isOver) return undefined;
  state = [Math.max(at, +last), sessionId, start, owner].join(".");
  const sequence = +count + step;
  write(NAME, `${state} ${sequence}`);
  if (mayStore && at - refreshed > REFRESH) {
    refreshed = at;
    writeCookie(NAME, state, IDLE / 1e3);
  }
  if (isPast && at < +start) sessionId = sessionId === latest ? earlier : latest;
  return { sessionId: told(sessionId as string), sequence };
}

/** Goes on with a session that began on another domain. */
export function joinSession(sessionId: string, at: number): void {
  const [, count = 0] = read(NAME).split(" ");
  write(NAME, `${[at, sessionId, at, anonymousId().slice(-8)].join(".")} ${count}`);
  refreshed = 0;
}

export function endSession(): void {
  latest = earlier = undefined;
  refreshed = 0;
  eraseCookie(NAME);
  remove(NAME);
}
