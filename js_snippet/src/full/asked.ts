// Knows which measurements of the full file a site asks for with `data-more`.
import { options } from "../options";

export function asked(what: string): boolean {
  return !!options.more?.split(" ").includes(what);
}
