// Tells links that fetch a file or lead to another host from those within the site.
import { isWanted } from "./auto";
import type { Fields } from "./tracker";

const FILE =
  /\.(pdf|docx?|xlsx?|pptx?|od[tsp]|csv|txt|rtf|epub|zip|rar|7z|t?gz|dmg|pkg|exe|msi|iso|apk|mp[34]|mov|avi|wav)$/i;

/** Without the query, which may hold secrets. */
export function wayOut({ protocol, host, origin, pathname, download }: HTMLAnchorElement): Fields | undefined {
  if (!/^http/.test(protocol) || !isWanted("links")) return undefined;
  const isFile = download || FILE.test(pathname);
  if (!isFile && host === location.host) return undefined;
  return { event: isFile ? "File Downloaded" : "Outbound Link Clicked", properties: { url: origin + pathname } };
}
