// The package @waywiser/browser: the same snippet for bundlers, begun by a call. On a server nothing happens.
import type { Options as Attributes } from "./options";
import { start } from "./start";
import { watchers } from "./watchers";

export type Properties = Record<string, unknown>;
export type Id = string | number;

/** A measurement of `@waywiser/browser/full`; what it does first of all, and before and after the first page view. */
export interface Extra {
  readonly name: string;
  readonly first?: (given: Attributes) => void;
  readonly before?: () => void;
  readonly after?: () => void;
}

/** What the attributes of the script element say otherwise; docs/snippet.md explains each. */
export interface Options {
  /** The project's write key for browsers. */
  key: string;
  /** Address of the collector, a path prefix included: `https://stats.example.com` or `/ww`. */
  host: string;
  /** "manual": page views only by your own calls of `page`. */
  pages?: "auto" | "manual";
  /** Another fragment is another page. */
  hash?: boolean;
  /** Nothing is stored in the browser. */
  cookieless?: boolean;
  /** "required": nothing is stored or sent before `consent` has been called. */
  consent?: "required";
  /** Signals of the browser that count as a refusal. */
  respect?: ("gpc" | "dnt")[];
  /** Which measurements are made by themselves; all if it is left out. Downloads belong to the links. */
  auto?: ("engagement" | "links" | "forms")[];
  /** Measurements of `@waywiser/browser/full`. */
  with?: Extra[];
  /** With `domains` of the full measurements: your domains. */
  domains?: string[];
  /** With `serverCookie` of the full measurements: the collector keeps a copy of the anonymous id. */
  serverCookie?: boolean;
}

/** Begins to measure; a second call does nothing. */
export function init({ with: extras = [], ...options }: Options): void {
  if (isServer()) return;
  const before = extras.flatMap((extra) => extra.before ?? []);
  const after = extras.flatMap((extra) => extra.after ?? []);
  const more = extras.map((extra) => extra.name);
  const given = attributes({ ...options, more });
  for (const { first } of extras) first?.(given);
  start([...before, ...watchers, ...after], given);
}

/** Something happened. */
export function track(event: string, properties?: Properties): void {
  call("track", event, properties);
}

/** A page view of your own making. */
export function page(name?: string, properties?: Properties): void {
  call("page", name, properties);
}

/** Says who the visitor is, or with traits alone something about a visitor whose user id is not known. */
export function identify(userId: Id | Properties, traits?: Properties): void {
  call("identify", userId, traits);
}

/** Joins two ids of one person; without `previousId` the present one is meant. */
export function alias(userId: Id, previousId?: Id): void {
  call("alias", userId, previousId);
}

/** Says which company or team the visitor belongs to. */
export function group(groupId: Id, traits?: Properties): void {
  call("group", groupId, traits);
}

/** At log-out: a new anonymous id, no user id, a new session. */
export function reset(): void {
  call("reset");
}

/** Says what the visitor allows; remembered until the next call. */
export function consent(answer: "granted" | "denied" | "cookieless"): void {
  call("consent", answer);
}

/** Stops measuring this visitor, on later visits too. */
export function optOut(): void {
  call("optOut");
}

/** Starts measuring again. */
export function optIn(): void {
  call("optIn");
}

/** Calls back once `init` has been called in a browser. */
export function ready(callback: () => void): void {
  call("ready", callback);
}

/** What is called before `init` waits for it, as with the stub of a page. */
function call(name: string, ...args: unknown[]): void {
  if (isServer()) return;
  const api = (window.waywiser ??= {}) as { version?: string; q?: unknown[] } & Record<string, unknown>;
  if (api.version) (api[name] as (...args: unknown[]) => void)(...args);
  else (api.q ??= []).push([name, args]);
}

function isServer(): boolean {
  return typeof window === "undefined" || typeof document === "undefined";
}

/** As they would stand on a script element: true is an attribute that is there, lists are words. */
function attributes(options: object): Attributes {
  const given: Attributes = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === true) given[name] = "";
    else if (value != null && value !== false) given[name] = Array.isArray(value) ? value.join(" ") : `${value}`;
  }
  return given;
}
