// Writes as JSON whatever values a page hands over; nothing throws.
import { attempt } from "./guard";

export function toJson(message: unknown): string {
  return JSON.stringify(message, plain);
}

/** A copy of what JSON can hold: a cycle, or a getter or toJSON that throws, costs its own property alone. */
export function copied(values: unknown): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  if (values && typeof values === "object" && !Array.isArray(values)) {
    for (const name of Object.keys(values)) {
      attempt(() => (kept[name] = JSON.parse(toJson((values as Record<string, unknown>)[name]))));
    }
  }
  return kept;
}

/** Old libraries put a toJSON on all arrays or objects that would turn them into strings; dates keep theirs. */
function plain(this: any, key: string, written: unknown): unknown {
  const value = this[key];
  if (typeof value === "bigint") return `${value}`;
  return Array.isArray(value) || value?.toJSON === ({} as { toJSON?: unknown }).toJSON ? value : written;
}
