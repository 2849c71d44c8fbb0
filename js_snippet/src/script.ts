// Finds the script element that the snippet came with, and what it says.
import type { Options } from "./options";

/** Options are its data-* attributes; tag managers drop those, so the query of its address may hold them too. */
export function fromScript(): [options: Options, src?: string] {
  // Code that was put into another script has no element of its own.
  for (const script of [document.currentScript, document.querySelector("script[data-key^=wb_]")]) {
    const { src = "", dataset } = (script ?? {}) as Partial<HTMLScriptElement>;
    const options: Options = { ...Object.fromEntries(new URLSearchParams(src.split("?")[1])), ...dataset };
    if (options.key) return [options, src];
  }
  return [{}];
}
