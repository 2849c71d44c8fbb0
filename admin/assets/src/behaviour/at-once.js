// What is as good as done is shown at once: in the part that it changes, what stands [data-now] goes and what stands
// [data-then] comes. The page that answers takes the place of both; where the server refuses, all is as it was.
export function atOnce() {
  const undone = new WeakMap();
  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    const part = detail.elt.matches("[data-at-once]") && detail.elt.closest("[data-changes]");
    if (part) undone.set(detail.xhr, show(part));
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!detail.successful) undone.get(detail.xhr)?.();
  });
}

function show(part) {
  const all = part.matches("[data-now]") ? [part] : [...part.querySelectorAll("[data-now], [data-then]")];
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const turn = () => all.forEach((one) => (one.hidden = !one.hidden));
  turn();
  if (focused?.closest("[hidden]")) document.getElementById("main").focus({ preventScroll: true });
  return () => {
    if (!part.isConnected) return;
    turn();
    part.querySelectorAll("form").forEach((form) => form.reset());
    focused?.focus({ preventScroll: true });
  };
}
