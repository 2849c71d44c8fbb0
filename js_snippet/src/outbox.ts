// Holds the events that the collector does not have yet, so that they survive the page.
//
// Every event is one stored entry, named by the time it was put there. The page that put it sends it: tabs never
// compete. A page that ends leaves its entries as free; those of a page that crashed grow old. The next page to load
// takes both over.
import { warn } from "./guard";
import { names, read, remove, write } from "./store";
import { uuid } from "./uuid";

const MOST_EVENTS = 1000;
const MOST_EVENT_BYTES = 32_000; // the collector refuses a whole batch for one event over 32 KiB
const MOST_BATCH_BYTES = 32_700; // browsers allow 64 KiB under way: one request that just ended, and the next
const OLD = 60e3; // longer than any request takes

/** What to send next: the name of each entry and its JSON. */
export type Batch = Map<string, string>;

const own = new Set<string>();
let shelf = "";

export function openShelf(writeKey: string): void {
  shelf = `waywiser_queue.${writeKey}.`;
  takeOver();
}

export function takeOver(): void {
  for (const name of names(shelf)) {
    if (Date.now() - parseInt(name.slice(shelf.length)) < OLD) continue;
    put(read(name));
    remove(name);
  }
}

/** Where there is no room the new event is lost: the first ones say who came and from where. */
export function put(line: string): void {
  if (size(line) > MOST_EVENT_BYTES) return warn("event too large");
  if (own.size < MOST_EVENTS) own.add(store(Date.now(), line));
}

/** The oldest events that fit into one request. */
export function next(): Batch {
  const batch: Batch = new Map();
  let room = MOST_BATCH_BYTES;
  for (const name of own) {
    const line = read(name);
    room -= size(line) + 1;
    if (room < 0) break;
    if (line) batch.set(name, line);
    else own.delete(name); // Another page took it over while this one slept.
  }
  return batch;
}

export function drop(batch: Batch): void {
  for (const name of batch.keys()) {
    own.delete(name);
    remove(name);
  }
}

/** Leaves what waits to the next page. */
export function leaveAll(): void {
  for (let batch; (batch = next()).size; drop(batch)) batch.forEach((line) => store(0, line));
}

/** Throws away what waits, on all pages of the site. */
export function clear(): void {
  names(shelf).forEach(remove);
}

function store(time: number, line: string): string {
  const name = `${shelf}${time}.${uuid()}`;
  write(name, line);
  return name;
}

function size(line: string): number {
  return new TextEncoder().encode(line).length;
}
