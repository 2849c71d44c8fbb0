// Holds the events that the collector does not have yet, so that they survive the page.
//
// Every event is one stored entry, named by the time it was put there. The page that put it sends it: tabs never
// compete. A page that ends leaves its entries as free, also those that it has just handed to the browser, because it
// will not see the answer: what arrives twice counts once. Those of a page that crashed grow old. The next page to load
// takes both over.
import { attempt, warn } from "./guard";
import { lift, names, read, remove, write } from "./store";
import { uuid } from "./uuid";

const MOST_EVENTS = 1000;
const MOST_BYTES = 1e6; // the site wants some of the five megabytes for itself
const MOST_EVENT_BYTES = 32_000; // the collector refuses a whole batch for one event over 32 KiB
const MOST_BATCH_BYTES = 32_700; // browsers allow 64 KiB under way: one request that just ended, and the next
const OLD = 60e3; // longer than any request takes

/** What to send next: the name of each entry and its JSON. */
export type Batch = Map<string, string>;

/** The names of this page's entries, and their sizes. */
const own = new Map<string, number>();
let bytes = 0;
let shelf = "";

export function openShelf(writeKey: string): void {
  shelf = `waywiser_queue.${writeKey}.`;
}

/** As much as there is room for; what is left waits for another page. */
export function takeOver(): void {
  for (const name of names(shelf)) {
    if (own.has(name) || Date.now() - parseInt(name.slice(shelf.length)) < OLD || !hasRoom()) continue;
    const line = read(name);
    remove(name);
    if (attempt(() => JSON.parse(line))) put(line);
  }
}

/** Where there is no room the new event is lost: the first ones say who came and from where. */
export function put(line: string): void {
  const size = new TextEncoder().encode(line).length + 1;
  if (size > MOST_EVENT_BYTES) return warn("event too large");
  if (!hasRoom()) return;
  own.set(store(Date.now(), line), size);
  bytes += size;
}

/** The oldest events that fit into one request. */
export function next(): Batch {
  const batch: Batch = new Map();
  let room = MOST_BATCH_BYTES;
  for (const [name, size] of own) {
    const line = read(name);
    if (!line) disown(name); // Another page took it over while this one slept.
    else if ((room -= size) < 0) break;
    else batch.set(name, line);
  }
  return batch;
}

export function drop(batch: Batch): void {
  for (const name of batch.keys()) {
    disown(name);
    remove(name);
  }
}

/** Leaves them to the next page. What it wrote last was as long, so there is room to write it again. */
export function free(batch: Batch): void {
  drop(batch);
  batch.forEach((line) => store(0, line));
}

/** Throws away what waits, on all pages of the site. */
export function clear(): void {
  names(shelf).forEach(remove);
}

/** Takes what waits off the disk. */
export function liftAll(): void {
  takeOver();
  for (const name of own.keys()) lift(name);
}

function hasRoom(): boolean {
  return own.size < MOST_EVENTS && bytes < MOST_BYTES;
}

function disown(name: string): void {
  bytes -= own.get(name) ?? 0;
  own.delete(name);
}

function store(time: number, line: string): string {
  const name = `${shelf}${time}.${uuid()}`;
  write(name, line);
  return name;
}
