// The meaning of a word in a bubble beside it, for who taps it or presses Enter there; who points at it has its title.
export function meanings() {
  const bubble = Object.assign(document.createElement("div"), { className: "meaning-told", popover: "manual" });
  const isOpen = () => bubble.matches(":popover-open");
  let word = null;
  bubble.setAttribute("role", "status");
  document.body.append(bubble);
  document.addEventListener("click", ({ target }) => {
    const clicked = target.closest?.("button.meaning");
    const goes = isOpen() && clicked === word;
    if (isOpen()) bubble.hidePopover();
    if (!clicked || goes) return;
    word = clicked;
    word.scrollIntoView({ block: "nearest", behavior: "instant" }); // focus may be on its way there still
    bubble.showPopover();
    bubble.textContent = word.title;
    stand(bubble, word.getBoundingClientRect());
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && isOpen() && bubble.hidePopover());
  document.addEventListener("scroll", () => isOpen() && stand(bubble, word.getBoundingClientRect()), true);
  document.addEventListener("htmx:afterSwap", () => isOpen() && !word.isConnected && bubble.hidePopover());
}

/** Below the word, or above it where there is no room; nowhere when it is scrolled away. */
function stand(bubble, { left, top, bottom }) {
  if (bottom < 0 || top > innerHeight) return bubble.hidePopover();
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const below = bottom + 6;
  bubble.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - width - 8))}px`;
  bubble.style.top = `${below + height < innerHeight ? below : Math.max(8, top - height - 6)}px`;
}
