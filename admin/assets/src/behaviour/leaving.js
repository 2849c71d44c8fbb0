// Whoever leaves a page whose report is still being computed waits for it no more: the question is ended.
export function leaving() {
  window.addEventListener("pagehide", () => {
    const token = document.querySelector('meta[name="csrf-token"]');
    for (const { dataset } of document.querySelectorAll("[data-leaving]")) {
      const form = new FormData();
      form.append("csrf_token", token?.content ?? "");
      form.append("work", dataset.work);
      navigator.sendBeacon(dataset.leaving, form);
    }
  });
}
