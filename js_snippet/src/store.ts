// Keeps strings in localStorage, or in memory where that is blocked or full, or where the visitor does not allow it.

const memory: Record<string, string> = {};

/** Whether the visitor lets us keep anything in the browser. */
export let mayStore = false;

export function allowStorage(isAllowed: boolean): void {
  mayStore = isAllowed;
}

export function read(name: string, isAllowed = mayStore): string {
  return memory[name] ?? ((isAllowed && onDisk((disk) => disk[name])) || "");
}

export function write(name: string, value: string, isAllowed = mayStore): string {
  if (isAllowed && onDisk((disk) => (disk[name] = value))) delete memory[name];
  else memory[name] = value;
  return value;
}

export function remove(name: string): void {
  delete memory[name];
  onDisk((disk) => delete disk[name]);
}

/** From the disk into memory. */
export function lift(name: string): void {
  const value = read(name);
  remove(name);
  memory[name] = value;
}

/** All names that begin so, also those that other pages of the site wrote. */
export function names(beginning: string): string[] {
  const stored = (mayStore && onDisk(Object.keys)) || [];
  return [...Object.keys(memory), ...stored].filter((name) => name.startsWith(beginning));
}

function onDisk<T>(work: (disk: Record<string, string>) => T): T | undefined {
  try {
    return work(localStorage);
  } catch {
    return undefined; // A sandboxed frame may not even look.
  }
}
