// Forms that ask at once when something else is chosen. What is chosen by keyboard is meant when its field is left, at
// Enter or, in a list of choices, after a pause: each arrow key chooses something on the way.
import { say } from "../words.js";

const PAUSE = 1000; // milliseconds
const FIELDS = "[data-submit-on-change] :is(select, input[type='date'])";

let written = null; // the field that is being changed by keyboard
let timer = 0;
let notify = null; // says something to whoever looks at the page

export function choosing(notice) {
  notify = notice;
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.(FIELDS) || event.key === "Tab") return;
    if (event.key === "Enter" && (isDay(field) || isChanged(field))) {
      event.preventDefault();
      ask(field, true);
    } else written = field;
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (target === written && !isDay(target)) written = null;
  });
  document.addEventListener("change", ({ target }) => {
    const form = target.closest?.("form[data-submit-on-change]");
    // A moment has a button beside it, because its day and its time are chosen one after the other.
    if (!form || target.type === "datetime-local") return;
    if (target !== written) ask(target, true);
    else if (!isDay(target)) {
      clearTimeout(timer);
      timer = setTimeout(() => ask(target), PAUSE);
    }
  });
  document.addEventListener("focusout", ({ target }) => target === written && ask(target));
}

/** Whether the first day of the field's period is not after its last one. */
function areInOrder(field) {
  const [from, through] = period(field);
  const areThey = !from?.value || !through?.value || from.value <= through.value;
  for (const day of [from, through]) if (day) mark(day, !areThey);
  return areThey;
}

function mark(day, isWrong) {
  day.classList.toggle("is-invalid", isWrong);
  if (isWrong) day.setAttribute("aria-invalid", "true");
  else day.removeAttribute("aria-invalid");
}

/** What is chosen in the form is what the page came with, again. */
export function reset(form) {
  form.reset();
  for (const field of form.elements) if (isDay(field)) mark(field, false);
}

function period(field) {
  const prefix = field.type === "date" && /^(.*)(?:from|through)$/.exec(field.name)?.[1];
  if (typeof prefix !== "string") return [];
  return ["from", "through"].map((name) => field.form.elements.namedItem(prefix + name));
}

/** Whether a day of the part waits for the other day of its period. */
export function isHalfChosen(part) {
  return part.querySelector("[data-submit-on-change] [type='date'][aria-invalid]") !== null;
}

/** Whether a field of the part is being changed by keyboard, and not yet meant. */
export function isBeingWritten(part) {
  return written !== null && part.contains(written) && (isDay(written) || isChanged(written));
}

function ask(field, always = false) {
  clearTimeout(timer);
  if (field === written) written = null;
  if (!areInOrder(field)) notify(say("The period would end before it begins. Choose its other day, too."));
  else if ((always || isChanged(field)) && field.isConnected && field.checkValidity()) field.form.requestSubmit();
  else field.dispatchEvent(new CustomEvent("waywiser:left", { bubbles: true }));
}

function isDay(field) {
  return field.type === "date";
}

/** Whether something else is chosen in a field than what the page came with. */
export function isChanged(field) {
  if (field.localName !== "select") return field.value !== field.defaultValue;
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(0, first);
}
