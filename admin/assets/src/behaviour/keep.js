// What is asked for again and again: parts that are as they were stay, and so does one that has the focus. Each part,
// a child of what carries hx-ext="keep", is known by its id, so the reader is told of nothing but what is new.
const written = new WeakMap();

export function keep(htmx) {
  htmx.defineExtension("keep", {
    isInlineSwap: (style) => style === "keep",
    handleSwap(style, target, fragment) {
      return style === "keep" ? exchange(target, [...fragment.children]) : false;
    },
  });
}

/** Puts what came in place of what is there, and answers with the parts that are new. */
function exchange(target, came) {
  const present = new Map([...target.children].map((one) => [one.id, one]));
  const parts = came.map((one) => kept(present.get(one.id), one));
  const staying = new Set(parts);
  for (const one of [...target.children]) if (!staying.has(one) && !hasFocus(one)) one.remove();
  parts.reduceRight((next, one) => {
    // Moving a part takes its focus away, so those that stay are left where they are.
    if (one.parentNode !== target) target.insertBefore(one, next);
    return one;
  }, null);
  return parts.filter((one) => came.includes(one));
}

function kept(former, one) {
  const text = one.outerHTML;
  if (former && one.id && (written.get(former) === text || hasFocus(former))) return former;
  written.set(one, text);
  return one;
}

function hasFocus(part) {
  return part.contains(document.activeElement);
}
