// Adds to a page view what <meta name="waywiser" content="404"> says: that the page is the site's "not found" page.
import type { Fields } from "./tracker";

export function flags(): Fields {
  const status = document.querySelector<HTMLMetaElement>("meta[name=waywiser]")?.content;
  return status ? { properties: { status } } : {};
}
