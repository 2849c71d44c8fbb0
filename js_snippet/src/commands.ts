// Carries out what a page asks for: each public call is one command.
import { answer, OUT, whenAllowed } from "./consent";
import { anonymousId, newVisitor, setUser, told, userId } from "./identity";
import { copied } from "./json";
import { close, finish, record, settle } from "./tracker";

type Command = (first: unknown, second: unknown) => void;

export const commands: Record<string, Command> = {
  track: (event, properties) => record("track", { event: needed(event), properties: copied(properties) }),

  page: (name, properties) => record("page", { name: text(name), properties: copied(properties ?? name) }),

  /** Without a user id the traits describe the visitor as far as known. */
  identify(id, traits) {
    const user = text(id);
    settle(); // The page view before belongs to the visitor as known until now.
    if (user) whenAllowed(() => setUser(user));
    record("identify", { traits: copied(traits ?? id) });
  },

  alias(id, previous) {
    const user = needed(id);
    whenAllowed(() => {
      const previousId = text(previous) ?? userId() ?? told(anonymousId());
      record("alias", { userId: user, previousId });
    });
  },

  group: (id, traits) => record("group", { groupId: needed(id), traits: copied(traits) }),

  reset() {
    whenAllowed(() => {
      finish();
      newVisitor();
    });
  },

  consent(said) {
    if (!/^(granted|denied|cookieless)$/.test(said as string)) throw "consent?";
    say(said as string);
  },

  optOut: () => say(OUT),

  optIn: () => say(""),

  /** In a task of its own: what it throws is the page's own error. */
  ready(callback) {
    if (typeof callback === "function") setTimeout(callback as () => void);
  },
};

/** What was measured until now falls under the answer until now. */
function say(said: string): void {
  close();
  answer(said);
}

function text(value: unknown): string | undefined {
  const isText = typeof value === "string" || Number.isFinite(value);
  return (isText && `${value}`.trim()) || undefined;
}

/** What it throws tells the developer in the console. */
function needed(value: unknown): string {
  const found = text(value);
  if (!found) throw "name or id?";
  return found;
}
