// Polling that can be paused: the button stops and starts the requests of the list it controls.
import { say } from "../words.js";

export function live(part) {
  const buttons = [...(part.matches?.("[data-pause]") ? [part] : []), ...part.querySelectorAll("[data-pause]")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const list = document.getElementById(button.getAttribute("aria-controls"));
      const paused = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(paused));
      list.toggleAttribute("data-paused", paused);
      button.querySelector("[data-label]").textContent = paused ? say("Go on") : say("Pause");
      document.querySelector("[data-pulse]")?.classList.toggle("is-paused", paused);
    });
  }
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const polled = event.detail.requestConfig.triggeringEvent === undefined;
  const { elt } = event.detail;
  const unseen = polled && document.hidden && !elt.hasAttribute("data-even-hidden");
  if (elt.hasAttribute("data-paused") || unseen) event.preventDefault();
});
