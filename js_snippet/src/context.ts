// Describes the surroundings of an event: page, campaign, screen, language, time zone.
import { attempt } from "./guard";
import { options } from "./options";

export interface Page {
  url: string;
  path: string;
  search: string;
  title: string;
  referrer: string;
}

/** Without the fragment, in which log-ins pass secrets, unless the site says that its pages are named there. */
export function pageNow(referrer: string): Page {
  const { href, hash, pathname, search } = location;
  const url = href.split("#")[0]!;
  const route = options.hash === undefined ? "" : hash;
  return { url: url + route, path: pathname + route, search, title: document.title, referrer };
}

/** What stays as it is while the page lives. */
let fixed: object | undefined;

function browser(): object {
  return {
    locale: navigator.language,
    timezone: attempt(timezone), // A page may have broken it.
    screen: { width: screen.width, height: screen.height, density: devicePixelRatio },
    webdriver: navigator.webdriver || undefined,
    library: { name: "waywiser-js", version: VERSION },
  };
}

/** Intl answers after some ten milliseconds, Temporal at once where there is one. */
function timezone(): string {
  return window.Temporal?.Now.timeZoneId() ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Says more with every event from now on. */
export function addContext(more: object): void {
  fixed = { ...browser(), ...fixed, ...more };
}

export function surroundings(page: Page): object {
  return { page, ...arrival(page.search), ...(fixed ??= browser()) };
}

/** How the visitor came, as far as the address tells: utm_* parameters, and click ids such as gclid, fbclid, msclkid. */
function arrival(search: string): object {
  let campaign: Record<string, string> | undefined;
  let clickIds: Record<string, string> | undefined;
  new URLSearchParams(search).forEach((value, key) => {
    if (key.startsWith("utm_")) (campaign ??= {})[key === "utm_campaign" ? "name" : key.slice(4)] = value;
    if (/clk?id$|^[gw]braid$|^li_fat_id$/.test(key)) (clickIds ??= {})[key] = value;
  });
  return { campaign, clickIds };
}
