// Tracks form submits, under the name that the page declares or an automatic one; what is typed is never read.
import { isWanted } from "./auto";
import { declared } from "./declared";
import { listen } from "./guard";
import { type Fields, postpone, send, shown } from "./tracker";

export function watchForms(): void {
  listen("submit", (event) => {
    const form = event.target as Element;
    const fields = declared(form) ?? automatic(form);
    const at = Date.now();
    const page = shown;
    // The page's own handlers come after this one: they may find a mistake and stop the submit, or send it themselves.
    const isMistaken = () => event.defaultPrevented && form.querySelector(":invalid,[aria-invalid=true]");
    if (fields) postpone(() => isMistaken() || send(at, page, "track", fields));
  });
}

/** By attributes: a field may be called "id" or "action" and hide the form's own property. */
function automatic(form: Element): Fields | undefined {
  const [id, name, action] = ["id", "name", "action"].map((key) => form.getAttribute(key) ?? undefined);
  const properties = { id, name, action: new URL(action ?? "", document.baseURI).pathname };
  return isWanted("forms") ? { event: "Form Submitted", properties } : undefined;
}
