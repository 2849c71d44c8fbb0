// Tracks form submits, under the name that the page declares or an automatic one; what is typed is never read.
import { isWanted } from "./auto";
import { declared } from "./declared";
import { listen } from "./guard";
import { type Fields, postpone } from "./tracker";

export function watchForms(): void {
  // The page's own handlers come after this one: they may find a mistake and stop the submit, or send it themselves.
  listen("submit", (event) => postpone("track", () => sent(event.target as Element, event)));
}

/** By attributes: a field may be called "id" or "action" and hide the form's own property. */
function sent(form: Element, { defaultPrevented }: Event): Fields | undefined {
  if (defaultPrevented && form.querySelector(":invalid,[aria-invalid=true]")) return undefined;
  const meant = declared(form);
  if (meant || !isWanted("forms")) return meant;
  const properties: Fields = {};
  for (const name of "id name action".split(" ")) properties[name] = form.getAttribute(name)?.split(/[?#]/)[0];
  return { event: "Form Submitted", properties };
}
