// What is chosen while a former choice is still asked for is asked for together with it: the page that the former one
// would have changed is still there, and its links and forms know nothing of it.
import { isChanged } from "./choosing.js";

const DAYS = ["days", "from", "through"];
const chosenIn = new WeakSet(); // forms that ask, until what they ask for takes their place
let tab = null; // the link of the tab that is asked for, and by which address, until it takes its place

export function together() {
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const { elt, target, triggeringEvent } = detail;
    if (target?.id !== "question") return;
    if (!triggeringEvent) return (tab = null); // who goes back means the question of then
    const bar = elt.closest("#report-bar");
    if (bar && elt !== bar) choose(bar, elt);
    if (bar) chosenIn.add(bar);
    if (bar && tab?.link.isConnected) turn(detail, bar);
    else join(detail);
    if (elt.localName === "form") chosenIn.add(elt);
    tab = elt.closest("#tabs") ? { link: elt, address: detail.path } : bar && tab;
  });
  for (const failure of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(failure, ({ detail }) => detail.target?.id === "question" && (tab = null));
  }
}

/** What the bar chooses is asked of the tab that is asked for already. */
function turn(detail, bar) {
  const address = new URL(tab.address, location.href);
  take(address.searchParams, bar);
  detail.path = address.pathname + address.search;
  for (const name of [...detail.formData.keys()]) detail.formData.delete(name);
}

/** A link of the bar chooses days, or takes something away. */
function choose(bar, link) {
  const days = link.closest("#bar-days") && new URL(link.href).searchParams.get("days");
  const away = link.dataset.without?.split(" ") ?? [];
  if (days) bar.dataset.days = days;
  for (const field of bar.elements) {
    if (days && DAYS.includes(field.name) && field.type === "date") field.value = field.defaultValue;
    if (!away.includes(field.name)) continue;
    if (field.type === "hidden") field.disabled = true;
    else field.value = "";
  }
}

function join(detail) {
  const { elt, path, formData } = detail;
  const address = new URL(path || location.href, location.href);
  const asked = elt.localName === "form" ? formData : address.searchParams;
  for (const form of document.querySelectorAll("#question form")) {
    if (form === elt || !chosenIn.has(form)) continue;
    // What a report was asked means nothing to another one; the bar is that of all.
    if (form.id !== "report-bar" && address.pathname !== location.pathname) continue;
    take(asked, form, elt.localName === "form" ? changedIn(elt) : new Set());
    if (elt.localName !== "form") detail.path = address.pathname + address.search;
  }
}

/** What is chosen in a form takes its place among what is asked; its `own` names have theirs. */
function take(asked, form, own = new Set()) {
  const chosen = new FormData(form);
  for (const name of changedIn(form)) {
    if (own.has(name)) continue;
    asked.delete(name);
    for (const value of chosen.getAll(name)) asked.append(name, value);
  }
}

/** The names of the fields of a form in which something else is chosen than what the page shows. */
function changedIn(form) {
  const fields = [...form.elements].filter((field) => {
    if (field.type === "hidden") return field.disabled;
    return field.name && field.matches("select, input") && isChanged(field);
  });
  const names = new Set(fields.map((field) => field.name));
  if (form.dataset.days || DAYS.some((name) => names.has(name))) DAYS.forEach((name) => names.add(name));
  return names;
}
