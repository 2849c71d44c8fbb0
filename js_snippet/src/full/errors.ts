// Tells of JavaScript errors that nobody caught: each once, and so few a page that an error in a loop does no harm.
import { listen } from "../guard";
import { record } from "../tracker";
import { asked } from "./asked";
import { own } from "./own";

const MOST = 10;
const LONGEST_MESSAGE = 200;
const PLACE = /(\w+:\/\/[^\s)]+):(\d+):\d+/; // the first one in a stack

const told = new Set<string>();

export function watchErrors(): void {
  if (!asked("errors")) return;
  // An image that does not load is an error event, too, but no ErrorEvent.
  listen("error", (event) => event instanceof ErrorEvent && tell(event.message, event.filename, event.lineno));
  listen("unhandledrejection", ({ reason }: PromiseRejectionEvent) => {
    const [, file, line] = PLACE.exec(reason?.stack) ?? [];
    tell(reason instanceof Error ? `${reason}` : String(reason), file, line ? +line : undefined);
  });
}

/** A fault of the snippet itself ends in the console: told, it might make the next one. */
function tell(text: string, source: string | undefined, line: number | undefined): void {
  if (source && source === own) return;
  const message = withoutQueries(text).slice(0, LONGEST_MESSAGE);
  const file = source && withoutQueries(source);
  const key = `${message} ${file} ${line}`;
  if (told.size >= MOST || told.has(key)) return;
  told.add(key);
  record("track", { event: "JavaScript Error", properties: { message, file, line } });
}

/** What data: and blob: addresses hold is no path. */
function withoutQueries(text: string): string {
  return text.replace(/(\w+:\/\/[^\s?#"')]*)[?#][^\s"')]*/g, "$1").replace(/\b(data|blob):[^\s"')]*/g, "$1:");
}
