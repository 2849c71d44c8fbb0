// Says of a page view whether the page is the site's "not found" page, as its template declares.
import type { Fields } from "./tracker";

export function flags(): Fields {
  const isNotFound = document.querySelector('meta[name="waywiser"][content="404"]');
  return isNotFound ? { properties: { not_found: true } } : {};
}
