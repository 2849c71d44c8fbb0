// Measures how long a page is used and how far down it was seen; reports it when the page is changed, hidden or left.
//
// Time counts between two signs of the visitor that are at most 30 seconds apart while the page is in front. Signs are
// the pointer, the wheel and the keys, and that the page is opened, shown, hidden or left. Sleep is no sign: what was
// before it is reported at the time, and so in the session, to which it belongs. Every report counts from the last one.
import { isWanted } from "./auto";
import { guard, listen } from "./guard";
import { endings, recordAt, shown } from "./tracker";

const LONGEST_GAP = 30e3; // milliseconds
const LONGEST_REPORT = 300e3; // so that the session of a long read goes on
const OFTEN = 250; // milliseconds
const SHORTEST_REPORT = 1e3; // less waits for the next one, or is not worth an event

let last = 0; // the last sign; zero while the page is not in front
let engaged = 0; // milliseconds not yet reported
let deepest = 0; // part of the page's height
let looking: number | undefined; // a timer
let area: EventTarget; // what was scrolled last

export function watchEngagement(): void {
  if (!isWanted("engagement")) return;
  count();
  lookSoon();
  area = document;
  listen("scroll pointermove pointerdown wheel keydown", ({ type, target }) => {
    if (type === "scroll") area = target!;
    else count(); // A script scrolls, too.
    lookSoon();
  });
  endings.push(() => {
    count(true);
    deepest = 0;
    lookSoon();
  });
}

/** Not at every sign: it may have the browser lay the page out. */
function lookSoon(): void {
  looking ||= setTimeout(guard(look), OFTEN);
}

function look(): void {
  looking = 0;
  const { scrollTop, clientHeight, scrollHeight } = (area as Document).scrollingElement ?? (area as Element);
  if (clientHeight > innerHeight / 2) deepest = Math.max(deepest, (scrollTop + clientHeight) / scrollHeight);
}

function count(isEnd?: boolean): void {
  const now = Date.now();
  const gap = Math.abs(now - last); // Clocks are set back, too.
  const wasAway = gap > LONGEST_GAP;
  if (!wasAway) engaged += gap;
  if ((isEnd || wasAway || engaged > LONGEST_REPORT) && engaged > SHORTEST_REPORT) report(wasAway ? last : now);
  last = document.hidden ? 0 : now;
}

function report(at: number): void {
  const properties = {
    engaged_seconds: engaged / 1e3,
    scroll_percent: deepest * 100,
  };
  engaged = 0;
  recordAt(at, shown, { type: "track", event: "Page Engaged", properties });
}
