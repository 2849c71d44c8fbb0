// Writes messages as JSON whatever values a page hands over: what cannot be written is left out, nothing throws.
import { attempt } from "./guard";

/** Fields that come from the page are written one by one, so that a bad one costs only itself. */
export function toJson(message: Record<string, unknown>, isFromPage = false): string {
  const fields: string[] = [];
  for (const key of Object.keys(message)) {
    const isBag = !isFromPage && /^(properties|traits)$/.test(key);
    // A cycle, or a getter or toJSON that throws.
    const text = attempt(() => (isBag ? toJson(message[key] as {}, true) : JSON.stringify(message[key], plain)));
    if (text) fields.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${fields.join()}}`;
}

/** Old libraries put a toJSON on all arrays or objects that would turn them into strings; dates keep theirs. */
function plain(this: any, key: string, written: unknown): unknown {
  const value = this[key];
  if (typeof value === "bigint") return `${value}`;
  return Array.isArray(value) || value?.toJSON === ({} as { toJSON?: unknown }).toJSON ? value : written;
}
