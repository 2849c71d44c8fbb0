// Lets the keyboard scroll what is wider than the page: such a part takes the focus and says what it is. Of tabs the open
// one is scrolled to.
import { say } from "../words.js";

const PARTS = ".table-scroll, .chart-scroll";

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) mark(target);
});

export function scrolling(part) {
  for (const element of [...(part.matches?.(PARTS) ? [part] : []), ...part.querySelectorAll(PARTS)]) sizes.observe(element);
  const tab = part.querySelector(".tabs [aria-current]");
  if (tab) centre(tab, tab.parentElement);
}

// A page that came late is shown where its address says, as one that is there at once.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (/^(main|report)$/.test(detail.target.id) && detail.requestConfig?.verb === "get" && location.hash.length > 1)
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
});

// Sideways alone: the page stays where it is.
function centre(tab, tabs) {
  const [one, all] = [tab.getBoundingClientRect(), tabs.getBoundingClientRect()];
  tabs.scrollLeft += one.left + one.width / 2 - all.left - all.width / 2;
}

function mark(element) {
  if (element.scrollWidth <= element.clientWidth) {
    for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
    return;
  }
  const heading = element.closest(".card, section")?.querySelector("h2, h3") ?? document.querySelector("h1");
  element.tabIndex = 0;
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", say("%(what)s: scrolls sideways", { what: heading?.textContent.trim() || say("Table") }));
}
