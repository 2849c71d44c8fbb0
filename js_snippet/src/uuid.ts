// Makes random ids; crypto.randomUUID exists on https pages only, so plain http needs its own way.

export function uuid(): string {
  const random = crypto.getRandomValues(new Uint8Array(36));
  return [..."xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx"]
    .map((mark, place) => (mark === "x" ? (random[place]! & 15).toString(16) : mark))
    .join("");
}
