// Makes random ids; crypto.randomUUID exists on https pages only, so plain http needs its own way.

export function uuid(): string {
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, digit);
}

/** A 1 or 0 becomes any digit, the 8 one of 8, 9, a and b. */
function digit(place: string): string {
  return (+place ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (+place / 4)))).toString(16);
}
