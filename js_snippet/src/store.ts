// Keeps strings in localStorage, or in memory where that is blocked or full, or where the visitor does not allow it.
import { attempt } from "./guard";

/** What begins so goes with the visitor. */
export const OF_VISITOR = "waywiser.";

export const memory: Record<string, string> = {};
let shelf = memory;

/** Whether the visitor lets us keep anything in the browser. */
export let mayStore = false;

export function allowStorage(isAllowed: boolean): void {
  mayStore = isAllowed;
  shelf = (isAllowed && attempt(() => localStorage)) || memory;
}

export function read(name: string): string {
  return memory[name] ?? shelf[name] ?? "";
}

/** Without a value it is removed. */
export function write(name: string, value: string): string {
  delete memory[name];
  if (!value) delete shelf[name];
  else if (!attempt(() => (shelf[name] = value))) memory[name] = value;
  return value;
}

export function remove(name: string): void {
  delete memory[name];
  delete shelf[name];
}

/** From the disk into memory. */
export function lift(name: string): void {
  const value = read(name);
  remove(name);
  memory[name] = value;
}

/** All names that begin so, also those that other pages of the site wrote. */
export function names(beginning: string): string[] {
  return Object.keys({ ...memory, ...shelf }).filter((name) => name.startsWith(beginning));
}
