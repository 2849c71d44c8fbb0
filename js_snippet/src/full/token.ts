// Writes the ids of a visitor into a token for another domain, and reads one that came from there.
//
// Anybody can make a token: there is no secret in a page. What it keeps out is a token that is used by mistake, because
// somebody shared, stored or searched an address that has one: it is good for two minutes, for one host, and for one
// kind of browser. Who may hand one over is decided where it arrives.

const LIFETIME = 120e3; // milliseconds

export interface Ids {
  anonymousId: string;
  sessionId: string; // empty where no session is open
}

export function write({ anonymousId, sessionId }: Ids, host: string, now: number): string {
  const content = [now.toString(36), anonymousId, sessionId].join(".");
  return `${content}.${seal(content, host)}`;
}

export function read(token: string, host: string, now: number): Ids | undefined {
  const [, content = "", time = "", anonymousId = "", sessionId = "", mark] =
    /^((\w+)\.([\w-]+)\.([\w-]*))\.(\w+)$/.exec(token) ?? [];
  const age = now - parseInt(time, 36);
  return mark === seal(content, host) && age >= 0 && age < LIFETIME ? { anonymousId, sessionId } : undefined;
}

/** FNV-1a. */
function seal(content: string, host: string): string {
  let hash = 0x811c9dc5;
  for (const character of [content, host, navigator.userAgent].join("\n")) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  }
  return (hash >>> 0).toString(36);
}
