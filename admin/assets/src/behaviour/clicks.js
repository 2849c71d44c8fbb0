// Small answers to clicks and key presses: menu, theme, copy, confirm, choose-and-go, move a step with Alt+arrow.
import { say } from "../words.js";

export function clicks(notice) {
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const menu = target?.closest("[data-menu]");
    if (menu) toggleMenu(menu);
    else if (target?.closest("[data-theme-button]")) switchTheme();
    else if (target?.closest("[data-copy]")) copy(target.closest("[data-copy]"), notice);
    for (const open of document.querySelectorAll("details[data-popup][open]")) {
      if (!open.contains(target)) open.removeAttribute("open");
    }
  });
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-redraw]")) event.target.form?.querySelector("[value='check']")?.click();
    const form = event.target.closest?.("form[data-submit-on-change]");
    if (form && !isBeingWritten(event.target) && event.target.checkValidity()) form.requestSubmit();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target !== written) return;
    written = null;
    const form = event.target.closest("form[data-submit-on-change]");
    if (event.target.value !== event.target.defaultValue && event.target.checkValidity()) form?.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.("[data-submit-on-change] input[type='date']") && event.key !== "Tab") {
      written = event.target;
      if (event.key === "Enter" && event.target.checkValidity()) event.target.form.requestSubmit();
    }
    if (event.key === "Escape") {
      for (const open of document.querySelectorAll("details[data-popup][open]")) open.removeAttribute("open");
    }
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    const step = event.target.closest?.("[data-step]");
    const button = step?.querySelector(`[data-move="${event.key === "ArrowUp" ? "up" : "down"}"]:not(:disabled)`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  });
}

// The day that is being written by keyboard: each key changes it, and only leaving it or Enter means it.
let written = null;

// A moment has a button beside it, because its day and its time are chosen one after the other.
function isBeingWritten(field) {
  return field === written || field.type === "datetime-local";
}

function toggleMenu(button) {
  const menu = document.getElementById(button.getAttribute("aria-controls"));
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  menu?.classList.toggle("show", open);
}

function switchTheme() {
  const root = document.documentElement;
  const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
  root.setAttribute("data-bs-theme", next);
  try {
    localStorage.setItem("waywiser-theme", next);
  } catch {
    // The choice then lasts for this page only.
  }
  document.dispatchEvent(new CustomEvent("waywiser:theme"));
}

async function copy(button, notice) {
  const source = document.getElementById(button.dataset.copy);
  const text = source?.textContent.trim() ?? "";
  try {
    await navigator.clipboard.writeText(text);
    const label = button.querySelector("[data-label]") ?? button;
    const before = label.textContent;
    label.textContent = say("Copied");
    setTimeout(() => (label.textContent = before), 1500);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    notice(say("The text is selected: copy it with Ctrl+C or ⌘C."));
  }
}
