// Tracks clicks on what the page declares, else on links that lead out or to a file; also inside open shadow roots.
import { declared } from "./declared";
import { listen } from "./guard";
import { wayOut } from "./links";
import { record } from "./tracker";

export function watchClicks(): void {
  // The middle button opens a link in a new tab.
  listen("click auxclick", report);
}

function report(event: MouseEvent): void {
  const path = event.composedPath() as Element[];
  if (event.button > (path.some((node) => "href" in node) ? 1 : 0)) return;
  for (const node of path) {
    // A click inside a form is not its submit.
    const meant = !(node instanceof HTMLFormElement) && declared(node);
    const fields = meant || wayOut(node as HTMLAnchorElement);
    if (fields) record("track", fields);
    if (meant) return;
  }
}
