// Tells links that fetch a file or lead to another host from those within the site.
import { isWanted } from "./auto";
import type { Fields } from "./tracker";

const FILE = /\.(pdf|(doc|xls|ppt)x?|csv|zip|dmg|exe|mp[34])$/i;

/** Without the query, which may hold secrets. */
export function wayOut({ protocol, host, origin, pathname, download }: HTMLAnchorElement): Fields | undefined {
  if (!/^http/.test(protocol)) return undefined;
  const isFile = download || FILE.test(pathname);
  const isMeant = (isFile || host !== location.host) && isWanted("links");
  const event = isFile ? "File Downloaded" : "Outbound Link Clicked";
  return isMeant ? { event, properties: { url: origin + pathname } } : undefined;
}
