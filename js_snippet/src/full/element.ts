// Names an element as a style sheet would, without any of its text.

const LONGEST = 100;

/** By attributes: in a form a field may hide the element's own property. */
export function nameOf(element: Element): string {
  const id = element.getAttribute("id");
  const classes = element.getAttribute("class")?.trim().replace(/\s+/g, ".");
  return `${element.localName}${id ? `#${id}` : ""}${classes ? `.${classes}` : ""}`.slice(0, LONGEST);
}
