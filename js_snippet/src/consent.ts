// Knows what the visitor allows, and does, holds back or drops what happens accordingly.
//
// The first line that applies counts:
//
// | the visitor said (remembered)               | the page or the browser says                 | state      |
// |---------------------------------------------|----------------------------------------------|------------|
// | optOut(), or "denied"                       | anything                                     | denied     |
// | "granted"                                   | anything                                     | granted    |
// | "cookieless", or nothing                    | GPC or DNT that data-respect lists           | denied     |
// | "cookieless"                                | anything                                     | cookieless |
// | nothing                                     | data-consent="required"                      | pending    |
// | nothing                                     | data-cookieless                              | cookieless |
// | nothing                                     | nothing                                      | granted    |
//
// | state      | stored in the browser     | sent                  | what happens                         |
// |------------|---------------------------|-----------------------|--------------------------------------|
// | granted    | ids, session, queue       | events with ids       | is measured                          |
// | cookieless | nothing but the answer    | events without ids    | is measured                          |
// | pending    | nothing                   | nothing               | is held in memory until the answer   |
// | denied     | nothing but the answer    | nothing               | is dropped, with what was held       |
//
// An answer replaces the one before, but an opt-out yields to optIn() alone. A refusal in any place where answers are
// kept wins, so that none is hidden by an older cookie.
import { lookAtCookies, readCookies } from "./cookie";
import { resume } from "./delivery";
import { guard } from "./guard";
import { forgetVisitor, renew } from "./identity";
import { options } from "./options";
import { QUEUES, shelf } from "./outbox";
import { enter } from "./session";
import { share } from "./shared";
import { allowStorage, lift, names, read, remove } from "./store";

const ANSWER = "waywiser_consent";
export const OUT = "opted-out";
const MOST_HELD = 100;

let state = "";
const held: (() => void)[] = [];

/** Does it, or holds it back until the visitor has answered, or drops it. */
export function whenAllowed(work: () => void): void {
  adapt();
  if (state === "pending") held[MOST_HELD - 1] || held.push(work);
  else if (state !== "denied") work();
}

/** Nothing takes an opt-out back, and an opt-out is all that it takes back. */
export function answer(said?: string): void {
  allowStorage(true);
  if (answers().includes(OUT) === !said) share(ANSWER, said);
  adapt();
}

/** Follows what the visitor said, here or on another page of the site. */
export function adapt(): void {
  const before = state;
  allowStorage(true); // The answer may always be read, and what is not allowed any more be removed.
  state = judge();
  const isSwitch = state !== before;
  if (isSwitch && state < "e") leaveNothing(); // Cookieless or denied.
  allowStorage(state === "granted");
  if (!isSwitch) return;
  if (state === "granted") {
    if (before) renew();
    enter(Date.now());
  }
  held.splice(0).forEach(guard(whenAllowed));
  resume();
}

function judge(): string {
  const said = answers();
  const { consent, cookieless, respect } = options;
  const isUnwished =
    (respect?.includes("gpc") && navigator.globalPrivacyControl) || (respect?.includes("dnt") && +navigator.doNotTrack!);
  if (/denied|out/.test(said as unknown as string) || (isUnwished && said[0] !== "granted")) return "denied";
  return said[0] || (consent !== undefined ? "pending" : cookieless !== undefined ? "cookieless" : "granted");
}

function answers(): string[] {
  lookAtCookies();
  return [...readCookies(ANSWER), read(ANSWER)];
}

/** What was recorded with consent is still sent by a page that goes cookieless; a refusal is one of all keys. */
function leaveNothing(): void {
  if (state === "denied") names(QUEUES).forEach(remove);
  else names(shelf).forEach(lift);
  forgetVisitor();
}
