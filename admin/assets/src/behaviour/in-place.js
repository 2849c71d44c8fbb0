// A page answers another question in its place: where one looks, what has the focus and what is open stay,
// who cannot see it is told what it shows now, and where that fails the browser goes there as it always could.
import { isBeingWritten, isChanged, isHalfChosen, reset } from "./choosing.js";

let left = null; // how the page was left, until what was asked for is there
let asking = null; // the request for another question that is under way
const room = document.createElement("div"); // below a report that is waited for, so that the page stays where it is
let held = ""; // the address of an answer that came while a field was being written, or a link was being pressed
let pressed = false; // whether one is: if it were replaced before it is let go, nobody would have pressed it

export function inPlace(htmx) {
  const go = (address, push) => {
    const context = { source: "#tabs, #bar-days", target: "#question", select: "#question", swap: "outerHTML", push };
    htmx.ajax("GET", address, { ...context, headers: { "HX-Boosted": "true" } });
  };
  document.addEventListener("htmx:beforeRequest", begin);
  document.addEventListener("htmx:beforeOnLoad", (event) => waitsNoMore(event.detail) && event.preventDefault());
  document.addEventListener("htmx:beforeSwap", come);
  document.addEventListener("htmx:oobBeforeSwap", comeBeside);
  document.addEventListener("htmx:afterSettle", ({ detail }) => left && isReport(detail.target) && settle());
  document.addEventListener("htmx:sendError", ({ detail }) => isQuestion(detail) && restore());
  document.addEventListener("formdata", shorten);
  document.addEventListener("waywiser:left", () => held && go(held, "true"));
  document.addEventListener("pointerdown", ({ target, button }) => {
    pressed = button === 0 && target.closest("#question :is(a, button)") !== null;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => {
      pressed = false;
      // What was pressed asks for something itself, or the answer that came meanwhile is asked for again.
      setTimeout(() => held && !isInUse(document.getElementById("question")) && go(held, "true"));
    });
  }
  document.addEventListener("waywiser:go", (event) => {
    if (!document.getElementById("question")) return;
    event.preventDefault();
    go(event.detail, "true");
  });
  // What is kept of former questions is their address alone.
  addEventListener("popstate", (event) => {
    if (!document.getElementById("question") || !event.state?.htmx) return;
    event.stopImmediatePropagation();
    go(location.pathname + location.search, "false");
  });
}

function isQuestion({ target }) {
  return target?.id === "question";
}

function isReport(target) {
  return target?.id === "question" || target?.id === "report";
}

/** Whether the answer is a sentence that says why it was refused. */
export function isSentence(xhr) {
  return Boolean(xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.responseText);
}

function begin(event) {
  if (isQuestion(event.detail)) {
    const { xhr } = event.detail;
    held = "";
    asking = xhr;
    xhr.addEventListener("loadend", () => asking === xhr && (asking = null));
  } else if (waitsNoMore(event.detail)) event.preventDefault();
}

/** Whether this is asked for by a report that was waited for, and another one is asked for by now. */
function waitsNoMore({ elt }) {
  return Boolean(asking && elt.dataset.leaving && elt.closest("#question"));
}

function come(event) {
  const { detail } = event;
  if (!isReport(detail.target)) return;
  if (isQuestion(detail)) {
    asking = null;
    const address = detail.pathInfo.finalRequestPath;
    const isThere = address === location.pathname + location.search; // who went back to what is refused
    if (isSentence(detail.xhr) && !isThere) restore(); // why it is refused is said, and what stands there stays
    else if (!detail.xhr.responseText.includes('id="question"')) {
      event.preventDefault();
      window.location.assign(address);
    } else if (pressed || isBeingWritten(detail.target)) {
      event.preventDefault();
      held = address;
    } else {
      Object.assign(detail, { shouldSwap: true, isError: false }); // a report that failed says so in its place
      left = seen(null);
    }
  } else if (detail.target.closest("#question")) left = seen(left);
}

function isInUse(part) {
  return isBeingWritten(part) || isHalfChosen(part);
}

/** The bar that comes with a report that was waited for does not take away what is being typed in it. */
function comeBeside({ detail }) {
  const [bar, field] = [detail.target, document.activeElement];
  if (bar.id !== "report-bar") return;
  if (isInUse(bar) || (bar.contains(field) && field.matches("input") && isChanged(field))) detail.shouldSwap = false;
}

/** How the page is seen; where the focus is lost because one waits, where it was `before`. */
function seen(before) {
  const isLost = before && document.activeElement === document.body;
  const focused = document.activeElement?.closest("#question [id]");
  const place = isLost
    ? before
    : { id: focused?.id, within: focused?.closest("form[id], nav[id]")?.id, top: focused?.getBoundingClientRect().top };
  const open = [...document.querySelectorAll("#question details[id][open]")];
  return {
    ...place,
    y: scrollY,
    open: open.map((one) => [one.id, one.querySelector(".bar-panel")?.scrollTop ?? 0]),
  };
}

function settle() {
  const report = document.getElementById("report");
  for (const [id, top] of left.open) {
    const one = document.getElementById(id);
    if (!one) continue;
    one.open = true;
    one.querySelector(".bar-panel")?.scrollTo(0, top);
  }
  const waits = report.querySelector("[data-leaving]") ?? report.closest("[data-part]");
  room.style.height = waits ? `${left.y + innerHeight}px` : "0";
  document.getElementById("main").append(room);
  scrollTo({ top: left.y, behavior: "instant" });
  const { says } = document.getElementById("question").dataset;
  const isTold = !waits && report.querySelector("[role='status']:not([data-part-state])"); // one that was not answered says so itself
  if (!isTold) tell(waits?.querySelector("strong")?.textContent ?? says);
  if (waits) return;
  const place = document.getElementById(left.id) ?? document.getElementById(left.within);
  if (document.activeElement === document.body) place?.focus({ preventScroll: true });
  if (place?.id === left.id && place) scrollBy({ top: place.getBoundingClientRect().top - left.top, behavior: "instant" });
  left = null;
}

function tell(text) {
  const place = document.getElementById("report-says");
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = text ?? "")); // the same words are told again
}

/** What was chosen and could not be asked is not chosen any more. */
function restore() {
  for (const form of document.querySelectorAll("#question form[data-submit-on-change]")) {
    reset(form);
    delete form.dataset.days;
    for (const field of form.elements) if (field.type === "hidden") field.disabled = false;
  }
}

/** An address says neither what nothing is chosen for nor twice which days are meant. */
function shorten({ target: form, formData }) {
  if (!form.closest("#question") || form.method !== "get") return;
  const days = ["from", "through"].map((name) => form.elements.namedItem(name)).filter((one) => one?.type === "date");
  const preset = form.dataset.days ?? form.elements.namedItem("days")?.value;
  const isPreset = preset && days.every((day) => day.value === day.defaultValue);
  if (days.length) for (const name of isPreset ? ["from", "through"] : ["days"]) formData.delete(name);
  if (days.length && isPreset) formData.set("days", preset);
  for (const name of new Set(formData.keys())) {
    const values = formData.getAll(name).filter((value) => value !== "");
    formData.delete(name);
    for (const value of values) formData.append(name, value);
  }
}
