// Finds the script element that the snippet came with, and what it says.
import { attempt } from "./guard";
import type { Options } from "./options";

/** Code that was put into another script, or by a tag manager, has no attributes of its own. */
export function fromScript(): Options {
  const own = document.currentScript as HTMLScriptElement | null;
  const script = own?.dataset.key ? own : document.querySelector<HTMLScriptElement>("script[data-key^=wb_]");
  // The collector is where the script came from.
  return { host: attempt(() => new URL(".", script!.src).href.slice(0, -1)), ...script?.dataset };
}
