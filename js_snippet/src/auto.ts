// Knows which of the automatic measurements a site wants: all, or those that `data-auto` lists.
import { options } from "./options";

export function isWanted(what: string): boolean {
  return options.auto?.includes(what) ?? true;
}
