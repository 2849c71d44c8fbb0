"""Says whose event it is, and which identities it proves to be one customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collector.pipeline.context import Context, text
from collector.pipeline.drop import Drop, Reason
from store.event import Event
from store.identity import Identity, Link, named
from store.identity.identifiers import normal, type_of, usable

MOST_IDENTIFIERS = 20  # of one event
IDENTIFIERS = ("externalIds", "externalId")  # the latter is what RudderStack's clients call the field


def identity(event: Event, context: Context) -> Event:
    """A user id before an anonymous id; an event with neither is dropped."""
    user, browser = named("user", event.user_id), named("anonymous", event.anonymous_id)
    who = user or browser
    if who is None:
        raise Drop(Reason.MISSING_IDENTITY, "neither id names anybody", field="anonymousId")
    if user:
        _collect_links(event, context, user, browser)
    given = context.given
    if any(name in given for name in IDENTIFIERS):
        # Only to the user where there is one: else parting the user from the browser would part nothing.
        for identifier in _identifiers(given):
            _link(event, context, who, identifier, identifier.kind)
    event.identity = who.hash
    event.user_id = user.value if user else ""
    event.anonymous_id = browser.value if browser else ""
    return event


def _collect_links(event: Event, context: Context, known: Identity, browser: Identity | None) -> None:
    if browser:
        rule = "identify" if event.type == "identify" else "both_ids"
        _link(event, context, known, browser, rule)
    if event.type == "alias" and (previous := usable(text(context.message.get("previousId")))):
        # The former id may have been either kind, and its events may come later: both are entered.
        _link(event, context, known, Identity("anonymous", previous), "alias")
        if previous != known.value:
            _link(event, context, known, Identity("user", previous), "alias")


def _identifiers(given: dict[str, Any]) -> Iterator[Identity]:
    """The typed identifiers of an event."""
    for name in IDENTIFIERS:
        items = given.get(name)
        for item in items[:MOST_IDENTIFIERS] if isinstance(items, list) else ():
            if isinstance(item, dict) and _is_plain(item):
                type = type_of(text(item.get("type")))
                value = normal(type, text(item.get("id"))) if type else ""
                if value:
                    yield Identity(type, value)


def _is_plain(item: dict[str, Any]) -> bool:
    """Whether this identifies a person, as it is written: no account, nothing encoded."""
    return item.get("collection") in (None, "", "users") and item.get("encoding") in (None, "", "none")


def _link(event: Event, context: Context, a: Identity, b: Identity, rule: str) -> None:
    context.links.append(Link(a, b, rule, event.event_id.hex(), event.timestamp))
