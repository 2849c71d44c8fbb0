// Carries out what a page asks for: each public call is one command.
import { answer, OUT, whenAllowed } from "./consent";
import { anonymousId, newVisitor, setUser, told, userId } from "./identity";
import { copied } from "./json";
import { finish, record, settle } from "./tracker";

type Command = (first: unknown, second: unknown) => void;

export const commands: Record<string, Command> = {
  track: (event, properties) => record("track", { event: needed(event), properties: copied(properties) }),

  page: (name, properties) => record("page", { name: text(name), properties: copied(properties ?? name) }),

  /** Without a user id the traits describe the visitor as far as known. */
  identify(id, traits) {
    const user = text(id);
    const known = copied(traits ?? id);
    needed(user ?? Object.keys(known)[0]); // Nobody, of whom nothing is said, is a mistake.
    settle(); // The page view before belongs to the visitor as known until now.
    if (user) whenAllowed(() => setUser(user));
    record("identify", { traits: known });
  },

  alias(id, previous) {
    const user = needed(id);
    const before = text(previous);
    whenAllowed(() => record("alias", { userId: user, previousId: before ?? userId() ?? told(anonymousId()) }));
  },

  group: (id, traits) => record("group", { groupId: needed(id), traits: copied(traits) }),

  reset() {
    whenAllowed(() => {
      finish();
      newVisitor();
    });
  },

  consent(said) {
    say(needed(/^(granted|denied|cookieless)$/.test(said as string) && said));
  },

  optOut: () => say(OUT),

  optIn: () => say(),

  /** In a task of its own: what it throws is the page's own error. */
  ready(callback) {
    if (typeof callback === "function") setTimeout(callback as () => void);
  },
};

/** What was measured until now falls under the answer until now. */
function say(said?: string): void {
  finish();
  answer(said);
}

function text(value: unknown): string | undefined {
  return (value as string)?.trim?.() || (Number.isFinite(value) && `${value}`) || undefined;
}

function needed(value: unknown): string {
  return text(value) ?? fail();
}

/** Tells the developer in the console; the call stands beside it. */
function fail(): never {
  throw "unclear";
}
