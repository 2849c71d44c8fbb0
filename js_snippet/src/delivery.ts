// Decides when the outbox is sent, and how: in batches, again after a failure, at once when the page ends.
import { guard, listen, warn } from "./guard";
import { type Batch, drop, leaveAll, next, openShelf, put, takeOver } from "./outbox";
import { read, write } from "./store";

const PAUSE = "waywiser_pause";
const GATHER = 250; // milliseconds between an event and its request
const FIRST_BACKOFF = 1e3;
const LONGEST_BACKOFF = 60e3;
const LONGEST_RETRY_AFTER = 3600e3;
const GIVE_UP = 30e3; // a request without an answer counts as failed
/** A younger request is finished by the browser after the page has gone; an older one may be lost. */
const DOUBTFUL = 5e3;

let address = "";
let underWay: Batch | undefined;
let since = 0;
let backoff = 0; // zero while all is well
let pausedUntil = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export function openDelivery(endpoint: string, writeKey: string): void {
  address = `${endpoint}?writeKey=${encodeURIComponent(writeKey)}`;
  openShelf(writeKey);
  listen("pageshow", takeOver);
  listen("online", resume);
  resume();
}

export function deliver(line: string): void {
  put(line);
  if (!timer) plan(GATHER);
}

/** Sends what waits, unless a request is under way or it is not yet time to try again. */
export function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const batch = next();
  if (underWay || !batch.size) return;
  since = Date.now();
  if (pausedUntil > since) return plan(pausedUntil - since);
  underWay = batch;
  post(batch).catch(warn);
}

/** The page ends: hands all to the browser if the collector was well so far, else leaves it to the next page. */
export function leave(): void {
  const isSlow = underWay && Date.now() - since > DOUBTFUL;
  if (!backoff && navigator.onLine && !isSlow && pausedUntil < Date.now()) {
    if (underWay) drop(underWay);
    underWay = undefined;
    for (let batch; (batch = next()).size && navigator.sendBeacon(address, body(batch)); ) drop(batch);
  }
  leaveAll();
}

function plan(delay: number): void {
  timer = setTimeout(guard(flush), delay);
}

/** A pause that the collector asked for holds for the pages to come. */
function resume(): void {
  pausedUntil = +read(PAUSE);
  flush();
}

async function post(batch: Batch): Promise<void> {
  const retryAfter = await attempt(batch);
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
    const response = await fetch(address, { method: "POST", body: body(batch), keepalive: true, signal });
    await response.text(); // Until it is read, browsers count the request as under way.
    const { status, headers } = response;
    if (status !== 429 && status < 500) return undefined;
    return Math.min(+(headers.get("retry-after") ?? 0) * 1e3 || 0, LONGEST_RETRY_AFTER);
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
