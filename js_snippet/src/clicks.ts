// Tracks clicks and form submits that the page declares with data-ww-event and data-ww-prop-* attributes.
import { listen } from "./guard";
import { type Fields, record } from "./tracker";

const EVENT = "data-ww-event";
const PROPERTY = "data-ww-prop-";

export function watchClicks(): void {
  // A click inside a form is not its submit.
  listen("click", ({ target }) => report(target, ":not(form)"));
  listen("submit", ({ target }) => report(target, "form"));
}

function report(target: EventTarget | null, kind: string): void {
  const element = target instanceof Element && target.closest(`${kind}[${EVENT}]`);
  if (!element) return;
  const properties: Fields = {};
  for (const { name, value } of element.attributes) {
    if (name.startsWith(PROPERTY)) properties[name.slice(PROPERTY.length)] = value;
  }
  record("track", { event: element.getAttribute(EVENT), properties });
}
