// What stands beside the journey editor's form follows it, and is marked while it tells of an earlier form.
import { say } from "../words.js";

let asked = ""; // the form of which was asked last
let shown = ""; // the form of which the page tells

export function following() {
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt === preview()) asked = written();
  });
  document.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
    if (detail.target.id !== "preview-found" || !preview()) return;
    shown = asked;
    follow();
  });
  for (const name of ["input", "change", "htmx:afterSwap"]) document.addEventListener(name, follow);
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("[data-count-again]")) preview().dispatchEvent(new Event("draft-changed"));
  });
}

function preview() {
  return document.querySelector("[data-follows]");
}

// The box for YAML is no part of it before its text is put into the form.
function written() {
  const form = new FormData(document.getElementById(preview().dataset.follows));
  form.delete("yaml");
  return new URLSearchParams(form).toString();
}

function follow() {
  const place = preview();
  if (!place || !asked) return;
  const now = written();
  const isStale = now !== shown;
  place.classList.toggle("is-stale", isStale);
  tell(isStale ? say("Your last change is not counted yet.") : (place.querySelector(".headline")?.textContent ?? ""));
  if (now !== asked) place.dispatchEvent(new Event("draft-changed"));
}

function tell(text) {
  const place = document.getElementById("preview-says");
  const short = text.replace(/\s+/g, " ").trim();
  if (place.textContent !== short) place.textContent = short;
}
