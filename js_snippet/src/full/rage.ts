// Notices clicks in anger: at least three in a row at one place, each within a second of the one before.
import { listen } from "../guard";
import { record } from "../tracker";
import { asked } from "./asked";
import { nameOf } from "./element";

const CLICKS = 3;
const PAUSE = 1000; // milliseconds
const RADIUS = 30; // pixels

let before: MouseEvent | undefined;
let count = 0;

export function watchRage(): void {
  if (asked("rage")) listen("click", follow);
}

function follow(event: MouseEvent): void {
  if (!event.detail) return; // made by a key
  count = before && isNear(before, event) ? count + 1 : 1;
  before = event;
  const [element] = event.composedPath();
  // Three clicks also select a paragraph.
  if (count !== CLICKS || !(element instanceof Element) || getSelection()?.type === "Range") return;
  record("track", { event: "Rage Click", properties: { element: nameOf(element) } });
}

function isNear(one: MouseEvent, other: MouseEvent): boolean {
  const distance = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  return other.timeStamp - one.timeStamp < PAUSE && distance < RADIUS;
}
