// Adds to page views what <meta name="waywiser" content="404"> says: that this is the site's "not found" page.
import { commands } from "../commands";
import { viewFields } from "../pages";

/** Asked anew with each view: a single-page application puts the element in and takes it out. */
export function markNotFound(): void {
  Object.defineProperty(viewFields, "properties", { enumerable: true, get: status });
  const page = commands.page!;
  commands.page = (name, properties) => {
    const given = properties ?? name;
    const own = typeof given === "object" ? given : undefined;
    page(name, status() ? { ...status(), ...own } : properties);
  };
}

function status(): object | undefined {
  const status = document.querySelector<HTMLMetaElement>('meta[name="waywiser"]')?.content;
  return status ? { status } : undefined;
}
