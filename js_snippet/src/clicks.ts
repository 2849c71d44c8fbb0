// Tracks clicks on what the page declares, else on links that lead out or to a file; also inside open shadow roots.
import { declared } from "./declared";
import { listen } from "./guard";
import { wayOut } from "./links";
import { record } from "./tracker";

export function watchClicks(): void {
  // The middle button opens a link in a new tab, the right one a menu.
  listen("click auxclick", (event: MouseEvent) => {
    // Without the window, where a page's own variables look like a link.
    if (event.button < 2) report(event.composedPath().slice(0, -1) as Element[]);
  });
}

/** From the innermost outwards: a declaration ends the search, and replaces what is automatic further out. */
function report(path: Element[]): void {
  let field: Node | undefined;
  for (const node of path) {
    // A click inside a form is not its submit.
    const meant = node.localName !== "form" && declared(node);
    const fields = meant || wayOut(node as HTMLAnchorElement);
    field ??= (node as HTMLLabelElement).control!;
    // The field of a label gets a click of its own.
    if (fields && (path.includes(field as Element) || !node.contains(field))) record("track", fields);
    if (meant) return;
  }
}
