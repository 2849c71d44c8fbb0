// Keeps strings in localStorage, or in memory where the browser blocks it or it is full.

let shelf: Record<string, string> = {};
try {
  shelf = localStorage ?? shelf;
} catch {
  // A sandboxed frame may not even look.
}
const disk = shelf;

/** From now on nothing is written but to memory. */
export function useMemory(): void {
  shelf = {};
}

export function read(name: string): string {
  return shelf[name] ?? "";
}

export function write(name: string, value: string): string {
  try {
    shelf[name] = value;
  } catch {
    shelf = { ...shelf, [name]: value };
  }
  return value;
}

export function remove(name: string): void {
  delete shelf[name];
  delete disk[name];
}

/** All names that begin so, also those that other pages of the site wrote. */
export function names(beginning: string): string[] {
  return Object.keys(shelf).filter((name) => name.startsWith(beginning));
}
