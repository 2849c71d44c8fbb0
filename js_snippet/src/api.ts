// Puts the public `waywiser` object on the page and replays the calls that the inline stub kept for it.
import { commands } from "./commands";
import { guard } from "./guard";

type Properties = Record<string, unknown>;
/** A call as the stub keeps it. */
type Call = [name: string, args: Iterable<unknown>];

export interface Waywiser {
  version: string;
  track(event: string, properties?: Properties): void;
  page(name?: string, properties?: Properties): void;
  identify(userId: string | number, traits?: Properties): void;
  alias(userId: string | number, previousId?: string | number): void;
  group(groupId: string | number, traits?: Properties): void;
  reset(): void;
  consent(answer: "granted" | "denied" | "cookieless"): void;
  optOut(): void;
  optIn(): void;
  ready(callback: () => void): void;
}

export interface Stub extends Partial<Waywiser> {
  q?: Call[];
}

declare global {
  interface Window {
    waywiser?: Stub;
  }
}

/** Fills the stub itself, so that a reference or a method that the page took from it works on. */
export function publish(api: Stub): void {
  for (const name of Object.keys(commands)) {
    (api as Properties)[name] = (...args: unknown[]) => run([name, args]);
  }
  api.version = VERSION;
  // An answer counts before anything is written.
  api.q?.forEach((call) => /^[co]/.test(call[0]) && run(call));
}

/** Carries out what the stub kept, after the view of the page; a copy of the stub that comes late is heard too. */
export function replay(api: Stub): void {
  const calls = api.q ?? [];
  calls.forEach(run);
  calls.push = run as typeof calls.push;
}

const run = guard(([name, args]: Call) => {
  commands[name]?.(...(args as [unknown, unknown]));
});
