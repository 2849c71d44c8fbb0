// Who leaves a form with changes that are not saved is asked whether to: in our words at a link, in the browser's else.
import { say } from "../words.js";

let saved = null; // the form as it was opened
let isLeaving = false;

export function unsaved() {
  saved = written();
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || link?.target === "_blank";
    if (!link || isElsewhere || link.getAttribute("href").startsWith("#") || !isChanged()) return;
    if (window.confirm(say("Your changes are not saved. Leave them?"))) forget();
    else {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
  document.addEventListener("htmx:load", () => { // a form that comes late, as it was drawn
    saved ??= isLeaving ? null : written();
  });
  addEventListener("beforeunload", (event) => isChanged() && event.preventDefault());
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const next = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!next) return;
    forget(); // it is saved
    event.preventDefault();
    location.replace(next); // Back leads to before the form, not into one that is empty again
  });
}

function written() {
  const form = document.querySelector("form[data-unsaved]");
  return form && new URLSearchParams(new FormData(form)).toString();
}

function isChanged() {
  return saved !== null && written() !== saved;
}

function forget() {
  isLeaving = true;
  saved = null;
}
