// Finds the script element that the snippet came with, and what it says.
import type { Options } from "./options";

/** By its key, as code that was put into another script, or by a tag manager, has no element of its own. */
export function fromScript(): Options {
  const script = document.querySelector<HTMLScriptElement>("script[data-key^=wb_]");
  // The collector is where the script came from.
  return { host: script?.src.split("?")[0]!.split("/").slice(0, -1).join("/"), ...script?.dataset };
}
