// Carries out what a page asks for: each public call is one command.
import * as identity from "./identity";
import { clear } from "./outbox";
import { endSession } from "./session";
import { type Fields, finish, record, settle } from "./tracker";

type Command = (first: unknown, second: unknown) => void;

export const commands: Record<string, Command> = {
  track: (event, properties) => record("track", { event: needed(event), properties: fields(properties) }),

  page: (name, properties) => record("page", { name: text(name), properties: fields(properties ?? name) }),

  /** Without a user id the traits describe the visitor as far as known. */
  identify(id, traits) {
    const user = text(id);
    settle(); // The page view before belongs to the visitor as known until now.
    if (user) identity.setUser(user);
    record("identify", { traits: fields(traits ?? id) });
  },

  alias(id, previous) {
    const previousId = text(previous) ?? identity.userId() ?? identity.told(identity.anonymousId());
    record("alias", { userId: needed(id), previousId });
  },

  group: (id, traits) => record("group", { groupId: needed(id), traits: fields(traits) }),

  reset() {
    finish();
    identity.newVisitor();
    endSession();
  },

  /** Only the refusal itself is remembered. */
  optOut() {
    identity.optOut();
    endSession();
    clear();
  },

  optIn() {
    finish(); // The page before was not to be measured.
    if (identity.isOut()) identity.newVisitor();
  },

  /** In a task of its own: what it throws is the page's own error. */
  ready(callback) {
    if (typeof callback === "function") setTimeout(callback as () => void);
  },
};

/** What still works after an opt-out. */
export const ALWAYS = /^(opt|ready)/;

function fields(value: unknown): Fields {
  return typeof value === "object" && value && !Array.isArray(value) ? (value as Fields) : {};
}

function text(value: unknown): string | undefined {
  const isText = typeof value === "string" || (typeof value === "number" && isFinite(value));
  return (isText && `${value}`.trim()) || undefined;
}

/** What it throws tells the developer in the console. */
function needed(value: unknown): string {
  const found = text(value);
  if (!found) throw Error("name or id missing");
  return found;
}
