// Whoever leaves a page whose report is still being computed, or asks for another one in its place, waits for it no
// more: the question is ended.
export function leaving() {
  window.addEventListener("pagehide", () => document.querySelectorAll("[data-leaving]").forEach(end));
  document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
    if (!target.dataset?.leaving) return;
    end(target);
    target.addEventListener("htmx:beforeOnLoad", ignore); // what it asked last has no place any more
  });
}

function ignore(answer) {
  answer.preventDefault();
}

function end({ dataset }) {
  const token = document.querySelector('meta[name="csrf-token"]');
  const form = new FormData();
  form.append("csrf_token", token?.content ?? "");
  form.append("work", dataset.work);
  form.append("leaving", "1");
  navigator.sendBeacon(dataset.leaving, form);
}
