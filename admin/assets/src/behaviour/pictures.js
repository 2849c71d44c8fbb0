// A picture that comes after its page brings the script that draws it: pages without pictures do not load that.
export function pictures(part) {
  const src = document.body.dataset.charts; // shared links have none: nothing comes later there
  if (!src || !part.querySelector("[data-chart]") || document.querySelector(`script[src="${src}"]`)) return;
  document.head.append(Object.assign(document.createElement("script"), { src, className: "is-late" }));
}
