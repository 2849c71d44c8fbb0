"""Says whose event it is, and which identities it proves to be one customer."""

from __future__ import annotations

import msgspec

from collector.pipeline.context import Context, text
from collector.pipeline.drop import Drop, Reason
from collector.pipeline.remembering import remembered_of_two
from store.event import Event, identity_hash
from store.identities import Identity, Link

# What programs write where they know nobody; as an identity it would join strangers.
JUNK = frozenset(
    {
        *("", "null", "(null)", "undefined", "none", "nil", "nan", "n/a", "unknown", "(not set)", "not set"),
        *("anonymous", "anon", "guest", "true", "false", "0", "-1", "{}", "[]", "[object object]"),
        "00000000-0000-0000-0000-000000000000",
    }
)


def identity(event: Event, context: Context) -> Event:
    """A user id before an anonymous id; an event with neither is dropped."""
    user, anonymous = usable(event.user_id), usable(event.anonymous_id)
    if not user and not anonymous:
        raise Drop(Reason.MISSING_IDENTITY, "neither id names anybody", field="anonymousId")
    if user:
        _collect_links(event, context, user, anonymous)
    number = _hash(user, "user") if user else _hash(anonymous, "anonymous")
    return msgspec.structs.replace(event, identity=number, user_id=user, anonymous_id=anonymous)


def usable(value: str) -> str:
    """The id as it is kept, empty when it names nobody. No store keeps the NUL character in text."""
    if not value:
        return ""
    value = value.replace("\0", "").strip()
    return "" if value.lower() in JUNK else value


def _collect_links(event: Event, context: Context, user: str, anonymous: str) -> None:
    known = Identity("user", user)
    if anonymous:
        rule = "identify" if event.type == "identify" else "both_ids"
        _link(event, context, known, Identity("anonymous", anonymous), rule)
    if event.type == "alias" and (previous := usable(text(context.message.get("previousId")))):
        # The former id may have been either kind, and its events may come later: both are entered.
        _link(event, context, known, Identity("anonymous", previous), "alias")
        if previous != user:
            _link(event, context, known, Identity("user", previous), "alias")


def _link(event: Event, context: Context, a: Identity, b: Identity, rule: str) -> None:
    context.links.append(Link(a, b, rule, event.event_id.hex(), event.timestamp))


@remembered_of_two(50_000)
def _hash(value: str, kind: str) -> int:
    return identity_hash(kind, value)
