// Describes the surroundings of an event: page, campaign, screen, language, time zone.

export interface Page {
  url: string;
  path: string;
  search: string;
  title: string;
  referrer: string;
}

/** Without the fragment: log-ins of single-page applications pass secrets in it. */
export function pageNow(referrer: string): Page {
  const { href, pathname, search } = location;
  return { url: href.split("#")[0]!, path: pathname, search, title: document.title, referrer };
}

/** What stays as it is while the page lives; asking for the time zone alone takes longer than all the rest. */
const fixed = {
  locale: navigator.language,
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  library: { name: "waywiser-js", version: VERSION },
};

export function surroundings(page: Page): object {
  return {
    page,
    ...arrival(page.search),
    ...fixed,
    screen: { width: screen.width, height: screen.height },
  };
}

/** How the visitor came, as far as the address tells: utm_* parameters, and click ids such as gclid, fbclid, msclkid. */
function arrival(search: string): object {
  let campaign: Record<string, string> | undefined;
  let clickIds: Record<string, string> | undefined;
  new URLSearchParams(search).forEach((value, key) => {
    const [, utm] = /^utm_(.+)/.exec(key) ?? [];
    if (utm) (campaign ??= {})[utm === "campaign" ? "name" : utm] = value;
    if (/clk?id$|^[gw]braid$|^li_fat_id$/.test(key)) (clickIds ??= {})[key] = value;
  });
  return { campaign, clickIds };
}
