// Turns what happened into a message of the Segment tracking spec and gives it to the delivery.
import { type Page, pageNow, surroundings } from "./context";
import { deliver } from "./delivery";
import { anonymousId, isOut, told, userId } from "./identity";
import { toJson } from "./json";
import { flags } from "./not_found";
import { place } from "./session";
import { uuid } from "./uuid";

export type Type = "track" | "page" | "identify" | "alias" | "group";
export type Fields = Record<string, unknown>;

/** The page that the visitor sees. */
export let shown: Page;
let postponed: (() => void) | undefined;

export function record(type: Type, fields: Fields): void {
  settle();
  send(Date.now(), type, fields, pageNow(shown.referrer));
}

/** Something of the past, on the page and in the session of then. */
export function recordAt(at: number, page: Page, type: Type, fields: Fields): void {
  send(at, type, fields, page);
}

export function show(referrer: string): void {
  settle();
  shown = pageNow(referrer);
}

/** Holds the view of the page back until `settle`, so that it can set its title; any other event settles it first. */
export function postponeView(): void {
  const at = Date.now();
  const page = shown;
  postponed = () => send(at, "page", flags(), { ...page, title: document.title });
}

export function settle(): void {
  const emit = postponed;
  postponed = undefined;
  emit?.();
}

function send(at: number, type: Type, fields: Fields, page: Page): void {
  const visitor = anonymousId();
  if (isOut(visitor)) return;
  deliver(
    toJson({
      type,
      messageId: uuid(),
      anonymousId: told(visitor),
      userId: userId(visitor),
      timestamp: new Date(at).toISOString(),
      ...fields,
      context: { ...surroundings(page), ...place(at) },
    }),
  );
}
