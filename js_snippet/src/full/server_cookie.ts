// Lets the collector keep a copy of the anonymous id in a cookie that it sets over HTTP, once a day: browsers that cap
// the cookies of scripts at seven days let it live.
//
// The copy counts only where the cookies that it is of are gone. So an answer that comes late, after a reset or a
// refusal, brings nothing back, and what it has set is erased.
import { commands } from "../commands";
import { adapt } from "../consent";
import { lookAtCookies, readCookies, writeCookie } from "../cookie";
import { attempt, guard, listen, warn } from "../guard";
import { anonymousId, told } from "../identity";
import { addressOf, type Options, options } from "../options";

const ID = "waywiser_id";
const ANSWER = "waywiser_consent";
/** "id.answer.day": the answer is empty where the visitor was not asked, the day counts from 1970. */
const COPY = "waywiser_copy";
const TRIAL = "waywiser_trial";
const DAY = 864e5; // milliseconds
const LIFETIME = 400 * 86400; // seconds

let isUnderWay = false;
let last = ""; // what was asked for last on this page

/** Before anything else looks for them: writes the cookies again that the browser has let go. */
export function restore(given: Options): void {
  if (given.serverCookie === undefined) return;
  const work = guard(() => writeAgain(given.consent !== undefined));
  if (document.prerendering) listen("prerenderingchange", work);
  else work();
}

function writeAgain(mustBeAsked: boolean): void {
  lookAtCookies();
  const [id, answer] = readCookies(COPY)[0]?.split(".") ?? [];
  const answers = [...readCookies(ANSWER), attempt(() => localStorage.getItem(ANSWER))].filter(Boolean);
  const ids = readCookies(ID);
  // Of another visitor, or against what this one said since.
  if (!id || ids.some((one) => one !== id) || answers.some((said) => said !== "granted")) return;
  if (answer && !readCookies(ANSWER)[0]) writeCookie(ANSWER, answer, LIFETIME);
  if (!ids[0] && (answer || answers[0] || !mustBeAsked)) writeCookie(ID, id, LIFETIME);
}

export function watchServerCookie(): void {
  if (options.serverCookie === undefined) return;
  for (const name of ["reset", "consent", "optOut", "optIn"]) {
    const work = commands[name]!;
    commands[name] = (first, second) => {
      work(first, second);
      compare();
    };
  }
  listen("visibilitychange", compare);
  setTimeout(guard(compare)); // After what the page said before the script was there.
}

/** Erases a copy that fits no more, and asks for one that does. */
function compare(): void {
  adapt();
  const meant = told(`${anonymousId()}.${readCookies(ANSWER)[0] ?? ""}.`);
  if (readCookies(COPY).some((copy) => !meant || !copy.startsWith(meant))) writeCookie(COPY, "", 0);
  const copy = meant && meant + Math.floor(Date.now() / DAY);
  if (copy && copy !== last && !isUnderWay && !document.hidden && readCookies(COPY)[0] !== copy) ask(copy);
}

/** Not kept alive: a page that is gone could not see what the answer did. The next one asks again. */
async function ask(copy: string): Promise<void> {
  last = copy;
  isUnderWay = true;
  try {
    const query = new URLSearchParams({ writeKey: options.key ?? "", domain: domain(), day: copy.split(".")[2]! });
    const answer = await fetch(`${addressOf("v1/cookie")}?${query}`, { method: "POST", credentials: "include" });
    const said = await answer.text(); // Until it is read, browsers count the request as under way.
    if (!answer.ok) warn(`no server cookie: ${said}`);
  } catch (problem) {
    warn(problem);
  }
  isUnderWay = false;
  compare();
}

/** The widest that a cookie is accepted for, as that of the visitor is set there; empty for the host alone. */
function domain(): string {
  const labels = location.hostname.split(".");
  for (let first = labels.length - 1; first >= 0; first--) {
    const wide = labels.slice(first).join(".");
    const [name, place] = [`${TRIAL}_${Math.random()}`, `;path=/;domain=${wide}`];
    document.cookie = `${name}=1${place}`;
    const isAccepted = document.cookie.includes(`${name}=`);
    document.cookie = `${name}=;max-age=0${place}`;
    if (isAccepted) return wide;
  }
  return "";
}
