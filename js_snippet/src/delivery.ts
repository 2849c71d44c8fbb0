// Decides when the outbox is sent, and how: in batches, again after a failure, at once when the page ends.
import { guard, listen } from "./guard";
import { addressOf, options } from "./options";
import { batches, openShelf, put } from "./outbox";
import { read, remove, write } from "./store";

const PAUSE = "waywiser_pause";
const GATHER = 250; // milliseconds between an event and its request
const FIRST_BACKOFF = 1e3;
const LONGEST_BACKOFF = 60e3;
const LONGEST_RETRY_AFTER = 24 * 3600e3;
const LONGEST_PAUSE = 2 * LONGEST_RETRY_AFTER;
const GIVE_UP = 30e3; // a request without an answer counts as failed

/** The collector judged: it took the batch, or refused it for good. Not so a proxy or a hotel's log-in page. */
const SETTLED = /^(2..\s*{.*"success":|4(?!08|29|.*incomplete_body))/s;

let address = "";
let isUnderWay = false;
let backoff = 0; // zero while all is well
let pausedUntil = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export function openDelivery(): void {
  const { key } = options;
  if (!key) throw Error("data-key is missing");
  address = `${addressOf("v1/batch")}?writeKey=${key}`;
  openShelf(key);
  listen("pageshow online", resume);
}

export function deliver(line: string): void {
  put(line);
  if (!timer) plan(GATHER);
}

/** Tries again whatever failed before, and what other pages left; but a pause that the collector asked for holds. */
export function resume(): void {
  pausedUntil = 0;
  plan(GATHER);
}

/** Sends what waits, unless a request is under way or it is not yet time to try again. */
export function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const [batch] = batches();
  const wait = patience();
  if (isUnderWay || !batch) return;
  if (wait > 0) plan(wait);
  else post(batch);
}

/** The page ends: hands to the browser what it takes. As no answer can be seen, all is left to the next page, too. */
export function leave(): void {
  if (patience() <= 0) batches().every((batch) => navigator.sendBeacon?.(address, body(batch)));
}

function plan(delay: number): void {
  clearTimeout(timer);
  timer = setTimeout(guard(flush), delay);
}

/** Milliseconds until the next try is due. A longer pause than any comes of a clock that was wrong. */
function patience(): number {
  const pause = Math.max(pausedUntil, +read(PAUSE)) - Date.now();
  return pause > LONGEST_PAUSE ? 0 : pause;
}

async function post(batch: string[]): Promise<void> {
  isUnderWay = true;
  let isSettled = false;
  let retryAfter = 0;
  try {
    // A plain string goes as text/plain, which needs no preflight.
    const request = { method: "POST", body: body(batch), keepalive: true, redirect: "error" } as const;
    const response = await fetch(address, { ...request, signal: AbortSignal.timeout?.(GIVE_UP) });
    retryAfter = +(response.headers.get("retry-after") ?? 0) * 1e3 || 0;
    isSettled = SETTLED.test(response.status + (await response.text()));
  } catch {
    // No answer, or not the collector's.
  }
  isUnderWay = false;
  if (isSettled) {
    backoff = 0;
    batch.forEach(remove);
  } else pause(retryAfter);
  flush();
}

function pause(retryAfter: number): void {
  backoff = Math.min(backoff * 2 || FIRST_BACKOFF, LONGEST_BACKOFF);
  pausedUntil = Date.now() + backoff * (0.5 + Math.random()) + Math.min(retryAfter, LONGEST_RETRY_AFTER);
  if (retryAfter) write(PAUSE, `${pausedUntil}`);
}

function body(batch: string[]): string {
  return `{"batch":[${batch.map(read).join()}],"sentAt":"${new Date().toISOString()}"}`;
}
