// What every page does: htmx with our safe settings, the menu, the theme button, copying, pickers and polling.
import htmx from "htmx.org";
import { atOnce } from "./behaviour/at-once.js";
import { choosing } from "./behaviour/choosing.js";
import { combobox } from "./behaviour/combobox.js";
import { clicks } from "./behaviour/clicks.js";
import { dragging } from "./behaviour/editor-dragging.js";
import { following } from "./behaviour/editor-preview.js";
import { inPlace, isSentence } from "./behaviour/in-place.js";
import { palette } from "./behaviour/palette.js";
import { keep } from "./behaviour/keep.js";
import { leaving } from "./behaviour/leaving.js";
import { live } from "./behaviour/live.js";
import { meanings } from "./behaviour/meanings.js";
import { pictures } from "./behaviour/pictures.js";
import { printing } from "./behaviour/printing.js";
import { scrolling } from "./behaviour/scrolling.js";
import { smallPictures } from "./behaviour/small-pictures.js";
import { times } from "./behaviour/times.js";
import { together } from "./behaviour/together.js";
import { unsaved } from "./behaviour/unsaved.js";
import { say } from "./words.js";

Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  historyCacheSize: 0, // pages hold customers' data: keep none of it in the browser's storage
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
  attributesToSettle: ["class"], // an inline style of what was there must not be written into what comes: it is refused
  defaultSettleDelay: 0, // settling moves the focus: it must not take it from who types on at once
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "409", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});
window.htmx = htmx;

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const { status, responseText } = xhr;
  if (status === 401) return window.location.reload();
  if (failed(event.detail.elt)) return;
  notice(isSentence(xhr) ? responseText : say("That did not work (status %(status)s). Please try again.", { status }));
});
document.addEventListener("htmx:sendError", ({ detail }) => failed(detail.elt) || notice(say("Waywiser cannot be reached. Is it running?")));

function notice(text) {
  const place = document.getElementById("notice");
  if (!place) return;
  place.textContent = text;
  place.hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => (place.hidden = true), 8000);
}

/** A part that comes after its page says where it stands that it did not come, and offers to ask again. */
function failed(part) {
  const place = part.matches("[data-part]") ? part.querySelector("[data-part-state]") ?? part : null;
  if (!place) return false;
  const again = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm inside-card" });
  again.textContent = say("Try again");
  again.addEventListener("click", () => {
    const swap = part.getAttribute("hx-swap") ?? "innerHTML";
    const verb = part.hasAttribute("hx-post") ? "post" : "get";
    htmx.ajax(verb, part.getAttribute(`hx-${verb}`), { source: part, target: part, swap });
  });
  place.replaceChildren(say("This part did not come."), " ", again);
  return true;
}

atOnce();
choosing(notice);
clicks(notice);
inPlace(htmx);
palette(htmx);
dragging();
following();
keep(htmx);
leaving();
meanings();
printing();
together();
unsaved();
htmx.onLoad((part) => {
  combobox(part);
  live(part);
  pictures(part);
  scrolling(part);
  smallPictures(part);
  times(part);
});
