// Keeps every fault of the snippet out of the page that hosts it.

/** Tells a developer in the console, never the visitor. */
export function warn(problem: unknown): void {
  console.warn("waywiser:", problem);
}

export function guard<A extends unknown[]>(work: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      work(...args);
    } catch (error) {
      console.warn("waywiser:", error, args);
    }
  };
}

/** Undefined where the browser, or what the page has made of it, does not allow it. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** In the capture phase, so that a page which stops an event is still measured. */
export function listen<T extends Event>(types: string, work: (event: T) => void): void {
  for (const type of types.split(" ")) addEventListener(type, guard(work) as EventListener, true);
}
