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
import { eraseCookie, readCookies, writeCookie } from "./cookie";
import { resume } from "./delivery";
import { guard } from "./guard";
import { forgetVisitor, renew } from "./identity";
import { options } from "./options";
import { clear, liftAll } from "./outbox";
import { endSession, openSession } from "./session";
import { allowStorage, read, remove, write } from "./store";

const ANSWER = "waywiser_consent";
const OUT = "opted-out";
const MOST_HELD = 100;

let state: string | undefined;
let held: (() => void)[] = [];

/** Does it, or holds it back until the visitor has answered, or drops it. */
export function whenAllowed(work: () => void): void {
  adapt();
  if (state === "pending") held.length < MOST_HELD && held.push(work);
  else if (state !== "denied") work();
}

/** Follows what the visitor said, here or on another page of the site. */
export function adapt(): void {
  const next = judge();
  if (next === state) return;
  state = next;
  allowStorage(true); // To find what is to be removed.
  if (/^[cd]/.test(next)) leaveNothing();
  allowStorage(next === "granted");
  if (next === "granted") {
    renew();
    openSession();
  }
  if (next === "pending") return;
  const works = held;
  held = [];
  for (const work of works) guard(whenAllowed)(work);
  resume();
}

export function answer(said: string): void {
  if (!/^(granted|denied|cookieless)$/.test(said)) throw Error("unknown consent");
  if (!answers().includes(OUT)) remember(said);
}

export function optOut(): void {
  remember(OUT);
}

/** Takes a refusal back: the visitor has not answered then. */
export function optIn(): void {
  if (!isRefused()) return;
  eraseCookie(ANSWER);
  remove(ANSWER);
  adapt();
}

function remember(said: string): void {
  writeCookie(ANSWER, said);
  write(ANSWER, said, true);
  adapt();
}

function answers(): string[] {
  return [...readCookies(ANSWER), read(ANSWER, true)];
}

function isRefused(): boolean {
  return answers().some((said) => /^(denied|opted)/.test(said));
}

function judge(): string {
  const said = answers()[0];
  if (isRefused() || (said !== "granted" && isUnwished())) return "denied";
  if (said) return said;
  if (options.consent !== undefined) return "pending";
  return options.cookieless === undefined ? "granted" : "cookieless";
}

function isUnwished(): boolean {
  const { respect = "" } = options;
  const { doNotTrack, globalPrivacyControl } = navigator;
  return (/gpc/.test(respect) && !!globalPrivacyControl) || (/dnt/.test(respect) && doNotTrack === "1");
}

/** What was recorded with consent may still be sent cookieless, but not after a refusal. */
function leaveNothing(): void {
  if (state === "denied") clear();
  else liftAll();
  forgetVisitor();
  endSession();
}
