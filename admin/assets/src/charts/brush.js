// A span that is dragged over with the mouse becomes the period of the page. By keyboard and touch the bar's days do.
const LEAST = 6; // pixels: less is a click

export function brush(chart, element, parts) {
  const mark = document.createElement("div");
  mark.className = "chart-brush";
  mark.hidden = true;
  element.append(mark);
  const zr = chart.getZr();
  let from = null;
  zr.on("mousedown", ({ offsetX, offsetY, event }) => {
    const inside = chart.containPixel({ gridIndex: 0 }, [offsetX, offsetY]);
    from = inside && !event.button ? offsetX : null;
  });
  zr.on("mousemove", ({ offsetX }) => {
    if (from === null) return;
    mark.hidden = Math.abs(offsetX - from) < LEAST;
    mark.style.left = `${Math.min(from, offsetX)}px`;
    mark.style.width = `${Math.abs(offsetX - from)}px`;
  });
  zr.on("mouseup", ({ offsetX }) => {
    const start = from;
    from = null;
    mark.hidden = true;
    if (start === null || Math.abs(offsetX - start) < LEAST) return;
    const [first, last] = [Math.min(start, offsetX), Math.max(start, offsetX)].map((x) => place(chart, x, parts));
    const address = within(parts[first].first, parts[last].last);
    const asks = new CustomEvent("waywiser:go", { detail: address, cancelable: true });
    if (document.dispatchEvent(asks)) window.location.assign(address);
  });
}

function place(chart, x, parts) {
  const found = Math.round(chart.convertFromPixel({ xAxisIndex: 0 }, x));
  return Math.min(parts.length - 1, Math.max(0, found));
}

// The address of this page for other days; what was asked at one moment is asked anew.
function within(from, through) {
  const address = new URL(window.location.href);
  for (const name of ["days", "now"]) address.searchParams.delete(name);
  address.searchParams.set("from", from);
  address.searchParams.set("through", through);
  return address.href;
}
