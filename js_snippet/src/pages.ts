// Notices page views: at load, in single-page applications, and when a page comes back from the browser's cache.
import { pageNow } from "./context";
import { guard, listen } from "./guard";
import { options } from "./options";
import { type Fields, postpone, show, shown } from "./tracker";

/** Frameworks set the title a moment after they changed the address. */
const TITLE_DELAY = 100; // milliseconds

/** With manual pages it only keeps the referrer right for the site's own calls of `page()`. */
export function watchPages(): void {
  view(document.referrer);
  wrap("pushState", true);
  wrap("replaceState");
  listen("popstate", () => moved(true));
  listen("pageshow", (event: PageTransitionEvent) => event.persisted && view(document.referrer));
}

function wrap(method: "pushState" | "replaceState", isEntry?: boolean): void {
  const { history } = window; // A page may have a `let history` of its own, or a `screen`.
  const original = history[method];
  history[method] = (...args) => {
    original.apply(history, args); // What it throws is the page's own business.
    guard(moved)(isEntry);
  };
}

/** A new path is a new page. A new query is one only as a new entry of the history: filters replace theirs. */
function moved(isEntry?: boolean): void {
  const now = pageNow(shown.referrer);
  if (isEntry ? now.url !== shown.url : now.path !== shown.path) view(shown.url);
  else Object.assign(shown, now);
}

function view(referrer: string): void {
  show(referrer);
  if (options.pages === "manual") return;
  postpone("page", notFound, TITLE_DELAY);
}

/** What <meta name="waywiser" content="404"> says, which single-page applications put in and take out. */
function notFound(): Fields {
  const status = document.querySelector<HTMLMetaElement>("meta[name=waywiser]")?.content;
  return { properties: status && { status } };
}
