// Makes random ids; crypto.randomUUID exists on https pages only, so plain http needs its own way.

/** A 1 or 0 becomes any digit, the 8 one of 8, 9, a and b. */
export function uuid(): string {
  const random = crypto.getRandomValues(new Uint8Array(36));
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit, place: number) =>
    (+digit ^ (random[place]! & (15 >> (+digit / 4)))).toString(16),
  );
}
