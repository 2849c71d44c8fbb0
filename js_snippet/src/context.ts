// Describes the surroundings of an event: page, screen, language, time zone. How the visitor came, the collector reads from
// the address: campaign parameters and click ids.
import { attempt } from "./guard";
import { options } from "./options";

export interface Page {
  url: string;
  path: string;
  title: string;
  referrer: string;
}

/** Without the fragment, in which log-ins pass secrets, unless the site says that its pages are named there. */
export function pageNow(referrer: string): Page {
  const { href, hash, pathname } = location;
  const route = options.hash === undefined ? "" : hash;
  return { url: href.split("#")[0] + route, path: pathname + route, title: document.title, referrer };
}

/** What stays as it is while the page lives. */
let fixed: object | undefined;

function browser(): object {
  return {
    locale: navigator.language,
    // Intl answers after some ten milliseconds, Temporal at once where there is one. A page may have broken either.
    timezone: attempt(() => window.Temporal?.Now.timeZoneId() ?? Intl.DateTimeFormat().resolvedOptions().timeZone),
    screen: { width: window.screen.width, height: window.screen.height },
    webdriver: navigator.webdriver || undefined,
    library: { name: "waywiser-js", version: VERSION },
  };
}

/** Says more with every event from now on. */
export function addContext(more: object): void {
  fixed = { ...browser(), ...fixed, ...more };
}

export function surroundings(page: Page): object {
  return { page, ...(fixed ??= browser()) };
}
