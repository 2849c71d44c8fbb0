// Makes random ids; crypto.randomUUID exists on https pages only, so plain http needs its own way.

export function uuid(): string {
  return crypto.randomUUID?.() ?? "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, digit);
}

function digit(): string {
  return (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16);
}
