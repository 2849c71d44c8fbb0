// Holds the events that the collector does not have yet, so that they survive the page.
//
// Every event is one stored entry. All pages of the site send whatever waits, and remove it when it has been answered
// for: what two of them send in the same moment, or a page that ends without seeing the answer, counts once.
import { attempt, warn } from "./guard";
import { lift, names, read, remove, write } from "./store";

const MOST_BYTES = 1e6; // the site wants some of the five megabytes for itself
const MOST_EVENT_BYTES = 32_000; // the collector refuses a whole batch for one event over 32 KiB
const MOST_BATCH_BYTES = 32_700; // browsers allow 64 KiB under way: one request that just ended, and the next

let shelf = "";
let room = MOST_BYTES;
let count = 1e6; // of as many digits for long: names are sorted

export function openShelf(writeKey: string): void {
  shelf = `waywiser_queue.${writeKey}.`;
}

/** Where there is no room the new event is lost: the first ones say who came and from where. */
export function put(line: string): void {
  const size = sizeOf(line);
  if (size > MOST_EVENT_BYTES) return warn("event too large");
  if (size > room) return;
  room -= size;
  write(`${shelf}${Date.now()}.${count++}.${Math.random()}`, line);
}

/** The names of all that waits, the oldest first, as many to a batch as one request may carry. */
export function batches(): string[][] {
  const all: string[][] = [];
  let left = 0;
  room = MOST_BYTES;
  for (const name of waiting().sort()) {
    const line = read(name);
    const size = sizeOf(line);
    room -= size;
    left -= size;
    if (!attempt(() => JSON.parse(line))) remove(name);
    else if (left > 0) all[all.length - 1]!.push(name);
    else {
      all.push([name]);
      left = MOST_BATCH_BYTES - size;
    }
  }
  return all;
}

/** Throws away what waits. */
export function clear(): void {
  waiting().forEach(remove);
}

/** Takes what waits off the disk. */
export function liftAll(): void {
  waiting().forEach(lift);
}

function waiting(): string[] {
  return names(shelf);
}

function sizeOf(line: string): number {
  return new TextEncoder().encode(line).length + 1;
}
