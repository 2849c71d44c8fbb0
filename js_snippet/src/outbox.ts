// Holds the events that the collector does not have yet, so that they survive the page.
//
// Every event is one stored entry. All pages of the site send whatever waits, and remove it when it has been answered
// for: what two of them send in the same moment, or a page that ends without seeing the answer, counts once.
import { memory, names, read, write } from "./store";

const MOST_BYTES = 1e6; // the site wants some of the five megabytes for itself
const MOST_EVENT_BYTES = 32_000; // the collector refuses a whole batch for one event over 32 KiB
const MOST_BATCH_BYTES = 32_000; // browsers allow 64 KiB under way: one request that just ended, and the next

/** What begins so waits to be sent, with the key that it is for. */
export const QUEUES = "waywiser_queue.";

export let shelf = "";
let room = MOST_BYTES;
/** Of as many digits for long: names are sorted. */
export let count = 1e6;

export function openShelf(writeKey: string): void {
  shelf = `${QUEUES}${writeKey}.`;
}

/** Where there is no room the new event is lost: the first ones say who came and from where. Numbers show the gap. */
export function put(line: string): void {
  const size = sizeOf(line);
  if (size > room || size > MOST_EVENT_BYTES) return;
  room -= size;
  const name = `${shelf}${Date.now()}.${count++}.${Math.random()}`;
  memory[name] = write(name, line);
}

/** The names of all that waits, the oldest first, as many to a batch as one request may carry. */
export function batches(): string[][] {
  const all: string[][] = [];
  let batch: string[];
  let left = 0;
  room = MOST_BYTES;
  for (const name of names(shelf).sort()) {
    const size = sizeOf(read(name));
    room -= size;
    left -= size;
    if (left <= 0) {
      all.push((batch = []));
      left = MOST_BATCH_BYTES - size;
    }
    batch!.push(name);
  }
  return all;
}

function sizeOf(line: string): number {
  return new TextEncoder().encode(line).length + 1;
}
