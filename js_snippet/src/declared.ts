// Reads the event that a page declares on an element with data-ww-event and data-ww-prop-* attributes.
import type { Fields } from "./tracker";

const PROPERTY = "data-ww-prop-";

export function declared(element: Element): Fields | undefined {
  const event = element.getAttribute?.("data-ww-event");
  if (!event) return undefined;
  const properties: Fields = {};
  for (const { name, value } of element.attributes) {
    if (name.startsWith(PROPERTY)) properties[name.slice(PROPERTY.length)] = value;
  }
  return { event, properties };
}
