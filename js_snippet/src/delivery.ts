// Decides when the outbox is sent, and how: in batches, again after a failure, at once when the page ends.
import { attempt, guard, listen } from "./guard";
import { toJson } from "./json";
import { addressOf, options } from "./options";
import { batches, count, openShelf, put } from "./outbox";
import { OF_VISITOR, read, remove, write } from "./store";

const PAUSE = `${OF_VISITOR}pause`;
const GATHER = 250; // milliseconds between an event and its request
const MANY = 20; // events that need not wait for more
const FIRST_BACKOFF = 1e3;
const LONGEST_BACKOFF = 60e3; // and the patience with a request
const LONGEST_RETRY_AFTER = 24 * 3600e3;
const LONGEST_PAUSE = 25 * 3600e3; // longer ones come of a clock that was wrong

/** The collector judged: it took the batch, or refused it for good. Not so a proxy or a hotel's log-in page. */
const SETTLED = /^(2|4(?!08|29|.*incomplete)).*"success":/s;

let address = "";
let backoff = 0; // zero while all is well
let pausedUntil = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export function openDelivery(): void {
  const { key } = options;
  if (!key) throw "data-key?";
  address = `${addressOf("v1/batch")}?writeKey=${key}`;
  openShelf(key);
  listen("pageshow online", resume);
}

export function deliver(line: string): void {
  put(line);
  if (count % MANY) plan(GATHER);
  else flush();
}

/** Tries again whatever failed before, and what other pages left; but a pause that the collector asked for holds. */
export function resume(): void {
  pausedUntil = 0;
  plan(GATHER);
}

/**
 * Sends what waits, unless a request is under way (that is a pause, too) or it is not yet time to try again. After a failure
 * the newest: a batch that is refused for ever keeps no other back.
 */
export function flush(): void {
  const patience = Math.max(pausedUntil - Date.now(), asked());
  if (patience > 0) plan(patience);
  else batches().slice(backoff && -1).some(post);
}

/** The page ends: hands to the browser what it takes. As no answer can be seen, all is left to the next page, too. */
export function leave(): void {
  if (asked() <= 0) batches().some((batch) => !navigator.sendBeacon(address, body(batch)));
}

function plan(delay: number): void {
  clearTimeout(timer);
  timer = setTimeout(guard(flush), delay);
}

/** Milliseconds that the collector still asks for, of all pages of the site. */
function asked(): number {
  const pause = +read(PAUSE) - Date.now();
  return pause < LONGEST_PAUSE ? pause : 0;
}

async function post(batch: string[]): Promise<void> {
  pausedUntil = Date.now() + LONGEST_BACKOFF;
  let after: string | null | undefined;
  try {
    // A plain string goes as text/plain, which needs no preflight.
    const response = await fetch(address, {
      method: "POST",
      body: body(batch),
      keepalive: true,
      redirect: "error",
      signal: AbortSignal.timeout?.(LONGEST_BACKOFF),
    });
    after = response.headers.get("retry-after");
    // Until it is read, browsers count the request as under way.
    if (SETTLED.test(response.status + (await response.text()))) {
      backoff = pausedUntil = 0;
      batch.splice(0).forEach(remove);
    }
  } catch {
    // No answer, or not the collector's.
  }
  if (batch[0]) {
    backoff = Math.min(backoff * 2 || FIRST_BACKOFF, LONGEST_BACKOFF);
    pausedUntil = Date.now() + backoff * (0.5 + Math.random());
    const pause = +after! * 1e3 || Date.parse(after!) - Date.now(); // Seconds, or a date.
    if (pause > 0) write(PAUSE, `${(pausedUntil += Math.min(pause, LONGEST_RETRY_AFTER))}`);
  }
  flush();
}

/** Without what is no JSON: it would spoil the others. */
function body(batch: string[]): string {
  const lines = batch.map(read).filter((line) => attempt(() => JSON.parse(line)));
  return `{"batch":[${lines}],"sentAt":${toJson(new Date())}}`;
}
