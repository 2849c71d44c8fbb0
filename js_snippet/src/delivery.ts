// Decides when the outbox is sent, and how: in batches, again after a failure, at once when the page ends.
import { guard, listen } from "./guard";
import { addressOf, options } from "./options";
import { batches, openShelf, put } from "./outbox";
import { read, remove } from "./store";

const GATHER = 250; // milliseconds between an event and its request
const FIRST_BACKOFF = 1e3;
const LONGEST_BACKOFF = 60e3;
const LONGEST_PAUSE = 24 * 3600e3; // timers cannot wait for more than 24 days

/** The collector judged: it took the batch, or refused it for good. Not so a proxy or a hotel's log-in page. */
const SETTLED = /^(2.*"success":|4(?!08|29|.*incomplete))/s;

let address = "";
let isUnderWay = false;
let backoff = 0; // zero while all is well
let pausedUntil = 0;
let askedUntil = 0; // by the collector
let timer: ReturnType<typeof setTimeout> | undefined;

export function openDelivery(): void {
  const { key } = options;
  if (!key) throw Error("data-key?");
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
  const patience = (pausedUntil || askedUntil) - Date.now();
  if (isUnderWay || !batch) return;
  if (patience > 0) plan(patience);
  else post(batch);
}

/** The page ends: hands to the browser what it takes. As no answer can be seen, all is left to the next page, too. */
export function leave(): void {
  if (askedUntil < Date.now()) batches().every((batch) => navigator.sendBeacon(address, body(batch)));
}

function plan(delay: number): void {
  clearTimeout(timer);
  timer = setTimeout(guard(flush), delay);
}

async function post(batch: string[]): Promise<void> {
  isUnderWay = true;
  let pause = 1; // milliseconds that the collector asks for, zero when it has settled the matter
  try {
    // A plain string goes as text/plain, which needs no preflight.
    const response = await fetch(address, { method: "POST", body: body(batch), keepalive: true, redirect: "error" });
    const answer = await response.text(); // Until it is read, browsers count the request as under way.
    pause = SETTLED.test(response.status + answer) ? 0 : +response.headers.get("retry-after")! * 1e3 || 1;
  } catch {
    // No answer, or not the collector's.
  }
  isUnderWay = false;
  if (pause) wait(pause);
  else {
    backoff = 0;
    batch.forEach(remove);
  }
  flush();
}

function wait(asked: number): void {
  backoff = Math.min(backoff * 2 || FIRST_BACKOFF, LONGEST_BACKOFF);
  askedUntil = Date.now() + Math.min(asked, LONGEST_PAUSE);
  pausedUntil = askedUntil + backoff * (0.5 + Math.random());
}

function body(batch: string[]): string {
  return `{"batch":[${batch.map(read).join()}],"sentAt":"${new Date().toISOString()}"}`;
}
