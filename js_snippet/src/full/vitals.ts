// Tells how fast and steady a page was: Core Web Vitals, when it is first hidden or left, again what has grown since.
import type { MetricType } from "web-vitals";
import { leave } from "../delivery";
import { listen, warn } from "../guard";
import { addressOf } from "../options";
import { recordAt, shown } from "../tracker";
import { asked } from "./asked";
import { own } from "./own";

let found: Record<string, number> = {};

export function watchVitals(): void {
  if (asked("vitals")) measure().catch(warn);
}

async function measure(): Promise<void> {
  const page = shown;
  const library: typeof import("./web_vitals") = await import(besides());
  for (const watch of Object.values(library)) watch(keep);
  // After those of the library, which settles its values when the page is hidden.
  listen("visibilitychange", () => {
    if (document.hidden && Object.keys(found).length) {
      recordAt(Date.now(), page, { type: "track", event: "Web Vitals", properties: found });
      found = {};
      leave();
    }
  });
}

/** Next to this file, under the name that the collector gives it; its own name may carry a hash. */
function besides(): string {
  const found = own?.replace(/\.full(\.\w+)?\.js.*$/, ".vitals.js");
  return found && found !== own ? found : new URL(addressOf("w.vitals.js"), location.href).href;
}

/** CLS has no unit, the others are milliseconds. */
function keep({ name, value }: MetricType): void {
  found[name.toLowerCase()] = name === "CLS" ? Math.round(value * 1e4) / 1e4 : Math.round(value);
}
