// Lets the collector keep the visitor's cookies over HTTP, once a session: browsers that cap those of scripts at seven
// days let these live. It gives back what the browser's own cookies hold, so all that is said is for which domain.
import { listen, warn } from "../guard";
import { anonymousId, told } from "../identity";
import { addressOf, options } from "../options";
import { openSession } from "../session";
import { OF_VISITOR, read, write } from "../store";

const DONE = `${OF_VISITOR}served`;

export function watchServerCookie(): void {
  if (options.serverCookie === undefined) return;
  listen("visibilitychange", ask);
  ask();
}

/** A new session, or another visitor, had a script write the cookies anew. */
function ask(): void {
  const visit = told(`${anonymousId()} ${openSession(Date.now())}`);
  if (!visit || visit === read(DONE)) return;
  write(DONE, visit);
  const query = new URLSearchParams({ writeKey: options.key ?? "", domain: domain() });
  const request = { method: "POST", credentials: "include", keepalive: true } as const;
  fetch(`${addressOf("v1/cookie")}?${query}`, request).catch(warn);
}

/** The widest that a cookie is accepted for, as that of the visitor is set there; empty for the host alone. */
function domain(): string {
  const labels = location.hostname.split(".");
  for (let first = labels.length - 1; first >= 0; first--) {
    const wide = labels.slice(first).join(".");
    const [name, place] = [`${DONE}_${Math.random()}`, `;path=/;domain=${wide}`];
    document.cookie = `${name}=1${place}`;
    const isAccepted = document.cookie.includes(`${name}=`);
    document.cookie = `${name}=;max-age=0${place}`;
    if (isAccepted) return wide;
  }
  return "";
}
