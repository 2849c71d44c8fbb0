// The meaning of a word in a bubble beside it, for who taps it or presses Enter there; who points at it has its title.
export function meanings() {
  const bubble = Object.assign(document.createElement("div"), { className: "meaning-told", popover: "auto" });
  bubble.setAttribute("role", "status");
  document.body.append(bubble);
  document.addEventListener("click", ({ target }) => {
    const word = target.closest?.("button.meaning");
    const wasOpen = bubble.matches(":popover-open");
    if (wasOpen) bubble.hidePopover();
    if (!word || (wasOpen && bubble.textContent === word.title)) return;
    bubble.showPopover();
    bubble.textContent = word.title;
    stand(bubble, word.getBoundingClientRect());
  });
  document.addEventListener("scroll", () => bubble.matches(":popover-open") && bubble.hidePopover(), true);
}

/** Below the word, or above it where there is no room. */
function stand(bubble, word) {
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const below = word.bottom + 6;
  bubble.style.left = `${Math.max(8, Math.min(word.left, document.documentElement.clientWidth - width - 8))}px`;
  bubble.style.top = `${below + height < innerHeight ? below : Math.max(8, word.top - height - 6)}px`;
}
