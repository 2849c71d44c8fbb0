// Decides when the outbox is sent, and how: in batches, again after a failure, at once when the page ends.
import { guard, listen, warn } from "./guard";
import { addressOf, options } from "./options";
import { type Batch, drop, free, next, openShelf, put, takeOver } from "./outbox";
import { read, write } from "./store";

const PAUSE = "waywiser_pause";
const GATHER = 250; // milliseconds between an event and its request
const FIRST_BACKOFF = 1e3;
const LONGEST_BACKOFF = 60e3;
const LONGEST_PAUSE = 24 * 3600e3;
const GIVE_UP = 30e3; // a request without an answer counts as failed

/** The collector judged: it took the batch, or refused it for good. Not so a proxy or a hotel's log-in page. */
const SETTLED = /^(2..\s*{.*"success":|4(?!08|29|.*incomplete_body))/s;

let address = "";
let underWay: Batch | undefined;
let backoff = 0; // zero while all is well
let pausedUntil = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export function openDelivery(): void {
  const { key } = options;
  if (!key) throw Error("data-key is missing");
  address = `${addressOf("v1/batch")}?writeKey=${encodeURIComponent(key)}`;
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
  takeOver();
  plan(GATHER);
}

/** Sends what waits, unless a request is under way or it is not yet time to try again. */
export function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const batch = next();
  const wait = patience();
  if (underWay || !batch.size) return;
  if (wait > 0) return plan(wait);
  underWay = batch;
  post(batch).catch(warn);
}

/** The page ends: hands to the browser what it takes. As no answer can be seen, all is left to the next page, too. */
export function leave(): void {
  if (underWay) free(underWay);
  underWay = undefined;
  let isTaken: boolean | undefined = patience() <= 0;
  for (let batch; (batch = next()).size; free(batch)) isTaken &&= navigator.sendBeacon?.(address, body(batch));
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

async function post(batch: Batch): Promise<void> {
  const retryAfter = await attempt(batch);
  if (underWay !== batch) return; // The page was left meanwhile, and came back.
  underWay = undefined;
  if (retryAfter === undefined) {
    backoff = 0;
    drop(batch);
  } else pause(retryAfter);
  flush();
}

/** Undefined once the matter is settled, else the milliseconds which the collector asks to wait, zero if it does not. */
async function attempt(batch: Batch): Promise<number | undefined> {
  try {
    // A plain string goes as text/plain, which needs no preflight.
    const signal = AbortSignal.timeout?.(GIVE_UP);
    const request = { method: "POST", body: body(batch), keepalive: true, redirect: "error", signal } as const;
    const response = await fetch(address, request);
    const answer = await response.text(); // Until it is read, browsers count the request as under way.
    if (SETTLED.test(response.status + answer)) return undefined;
    const after = response.headers.get("retry-after") ?? "";
    return Math.min(+after * 1e3 || Date.parse(after) - Date.now() || 0, LONGEST_PAUSE);
  } catch {
    return 0;
  }
}

function pause(retryAfter: number): void {
  backoff = Math.min(backoff * 2 || FIRST_BACKOFF, LONGEST_BACKOFF);
  pausedUntil = Date.now() + Math.max(backoff * (0.5 + Math.random()), retryAfter);
  if (retryAfter) write(PAUSE, `${pausedUntil}`);
}

function body(batch: Batch): string {
  return `{"batch":[${[...batch.values()].join()}],"sentAt":"${new Date().toISOString()}"}`;
}
