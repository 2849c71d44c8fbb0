// Notices clicks on what looks as if it did something, after which nothing happens on the page for two seconds.
import { guard, listen } from "../guard";
import { recordAt, shown } from "../tracker";
import { asked } from "./asked";
import { nameOf } from "./element";

const PATIENCE = 2000; // milliseconds
const SIGNS_OF_LIFE =
  "scroll submit focusin blur input change toggle copy play visibilitychange beforeunload pagehide popstate".split(" ");
/** What the browser itself answers a click on. */
const NATIVE = "input:not([type=button],[type=submit],[type=image]),select,textarea,label,option,summary,canvas,video,audio";

let giveUp: () => void = () => undefined;

export function watchDead(): void {
  if (asked("dead")) listen("click", follow);
}

function follow(event: MouseEvent): void {
  giveUp();
  const [element] = event.composedPath();
  if (element instanceof Element && isPromising(element)) wait(event, element);
}

function isPromising(element: Element): boolean {
  return !element.closest(NATIVE) && getComputedStyle(element).cursor === "pointer" || !!element.closest("button");
}

function wait(event: MouseEvent, element: Element): void {
  const [at, page, address] = [Date.now(), shown, location.href];
  const observer = new MutationObserver(() => giveUp());
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  const timer = setTimeout(
    guard(() => {
      giveUp();
      if (location.href !== address || leadsAway(event, element)) return;
      recordAt(at, page, { type: "track", event: "Dead Click", properties: { element: nameOf(element) } });
    }),
    PATIENCE,
  );
  giveUp = () => {
    clearTimeout(timer);
    observer.disconnect();
    for (const type of SIGNS_OF_LIFE) removeEventListener(type, giveUp, true);
    giveUp = () => undefined;
  };
  for (const type of SIGNS_OF_LIFE) addEventListener(type, giveUp, true);
}

/** A download, another program or another tab may show nothing on this page. A script that is written as an address would. */
function leadsAway(event: MouseEvent, element: Element): boolean {
  const href = element.closest("a[href]")?.getAttribute("href");
  return !event.defaultPrevented && !!href && !/^\s*(#|javascript:)/i.test(href);
}
