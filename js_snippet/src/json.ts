// Writes messages as JSON whatever values a page hands over; nothing throws.
import { attempt } from "./guard";

/** A cycle, or a getter or toJSON that throws, costs what the page handed over, and not the event. */
export function toJson(message: object): string {
  return attempt(() => JSON.stringify(message, plain)) ?? toJson({ ...message, properties: {}, traits: {} });
}

/** Old libraries put a toJSON on all arrays or objects that would turn them into strings; dates keep theirs. */
function plain(this: any, key: string, written: unknown): unknown {
  const value = this[key];
  if (typeof value === "bigint") return `${value}`;
  return Array.isArray(value) || value?.toJSON === ({} as { toJSON?: unknown }).toJSON ? value : written;
}
