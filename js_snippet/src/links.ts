// Tells links that fetch a file or lead to another host from those within the site.
import { isWanted } from "./auto";
import type { Fields } from "./tracker";

const FILE = /\.(pdf|docx?|xlsx?|pptx?|csv|txt|zip|rar|7z|gz|dmg|pkg|exe|msi|apk|mp[34]|mov|epub)$/i;

/** Without the query, which may hold secrets. */
export function wayOut({ protocol, host, origin, pathname, download }: HTMLAnchorElement): Fields | undefined {
  const isFile = download || FILE.test(pathname);
  if (!/^http/.test(protocol) || !isWanted("links") || (!isFile && host === location.host)) return undefined;
  return { event: isFile ? "File Downloaded" : "Outbound Link Clicked", properties: { url: origin + pathname } };
}
