// Small answers to clicks and key presses: menu, theme, copy, confirm, draw a form anew, move a step with Alt+arrow.
import { say } from "../words.js";

export function clicks(notice) {
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const menu = target?.closest("[data-menu]");
    if (menu) toggleMenu(menu);
    else if (target?.closest("[data-theme-button]")) switchTheme();
    else if (target?.closest("[data-copy]")) copy(target.closest("[data-copy]"), notice);
    else if (target?.closest("[data-copy-link]")) copyLink(target.closest("[data-copy-link]"));
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
  });
  document.addEventListener("keydown", (event) => {
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
  try {
    await navigator.clipboard.writeText(source?.textContent.trim() ?? "");
    isCopied(button);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    notice(say("The text is selected: copy it with Ctrl+C or ⌘C."));
  }
}

async function copyLink(button) {
  const { href } = new URL(button.dataset.copyLink, window.location.href);
  try {
    await navigator.clipboard.writeText(href);
    isCopied(button);
  } catch {
    window.prompt(say("Copy this link:"), href); // only pages of https may write what is to be pasted
  }
}

function isCopied(button) {
  const label = button.querySelector("[data-label]") ?? button;
  label.dataset.before ??= label.textContent;
  label.textContent = say("Copied");
  setTimeout(() => (label.textContent = label.dataset.before), 1500);
}
