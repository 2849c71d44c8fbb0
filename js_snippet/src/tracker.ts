// Turns what happened into a message of the Segment tracking spec and gives it to the delivery.
import { whenAllowed } from "./consent";
import { type Page, pageNow, surroundings } from "./context";
import { deliver } from "./delivery";
import { guard } from "./guard";
import { anonymousId, told, userId } from "./identity";
import { toJson } from "./json";
import { place } from "./session";
import { uuid } from "./uuid";

export type Type = "track" | "page" | "identify" | "alias" | "group";
export type Fields = Record<string, unknown>;

/** The page that the visitor sees. */
export let shown: Page;
let postponed: (() => void) | undefined;

/** What watchers still have to tell of a page before it is left: hidden, closed, or replaced by another view. */
export const endings: (() => void)[] = [];

export function record(type: Type, fields: Fields): void {
  settle();
  send(Date.now(), pageNow(shown.referrer), { type, ...fields });
}

/** For a moment and a page that are past: in the session that was current then, and never the beginning of one. */
export function recordAt(at: number, page: Page, fields: Fields): void {
  send(at, page, fields, true);
}

export function show(referrer: string): void {
  finish();
  shown = pageNow(referrer);
}

/** Holds back what is not complete yet, such as the page's title; anything else settles it first, so the order stays. */
export function postpone(type: Type, complete: () => Fields | undefined, delay = 0): void {
  settle();
  const at = Date.now();
  const page = shown;
  postponed = () => {
    const fields = complete();
    if (fields) send(at, { ...page, title: document.title }, { type, ...fields });
  };
  setTimeout(guard(settle), delay);
}

export function settle(): void {
  const emit = postponed;
  postponed = undefined;
  emit?.();
}

/** Tells all that is known of the page so far. */
export function finish(): void {
  settle();
  endings.forEach((end) => guard(end)());
}

/** The event is as it is now; who did it is added once that may be told. */
function send(at: number, page: Page, fields: Fields, isPast?: boolean): void {
  const event = { messageId: uuid(), timestamp: new Date(at), ...fields };
  whenAllowed(() => {
    const where = place(at, isPast);
    if (!where) return;
    const context = { ...surroundings(page), ...where };
    deliver(toJson({ anonymousId: told(anonymousId()), userId: userId(), context, ...event }));
  });
}
