"""The first event of a message: what can be read without any rule."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import msgspec

from collector.pipeline.context import Context, text
from collector.pipeline.drop import Drop, Reason
from collector.wire import TYPES
from store.event import Event, event_id

KNOWN = {
    *("type", "messageId", "anonymousId", "userId", "previousId", "groupId", "event", "name", "category"),
    *("properties", "traits", "context", "timestamp", "originalTimestamp", "sentAt", "receivedAt"),
    *("integrations", "channel", "version", "projectId", "_metadata"),
}
LIFTED = {
    *("page", "campaign", "clickIds", "userAgent", "ip", "locale", "timezone", "library", "sessionId"),
    *("sequence", "channel", "traits", "userAgentData", "webdriver", "externalIds", "externalId"),
    "violations",  # the tracking plan's word, nobody else's
}
# Fields that mean something to these types only; on others nothing else would keep them.
MEANT_FOR = {
    "event": ("track",),
    "name": ("page", "screen"),
    "category": ("page", "screen"),
    "previousId": ("alias",),
}
USED = {kind: KNOWN - {name for name, kinds in MEANT_FOR.items() if kind not in kinds} for kind in TYPES}
PAGE = {"url", "path", "title", "referrer", "search"}
CAMPAIGN = {"name", "source", "medium", "term", "content"}
MOST_NAME = 512
MOST_SEQUENCE = 2**63 - 1

_encode = msgspec.json.Encoder().encode


def first_event(context: Context) -> Event:
    """The event with what the message says of itself; the steps add the rest."""
    message, envelope = context.message, context.envelope
    message_id, kind = message.get("messageId"), message.get("type")
    if not isinstance(message_id, str) or not message_id or not isinstance(kind, str):
        raise Drop(Reason.BAD_MESSAGE, "a message needs a type and a message id")
    return Event(
        project=envelope.project,
        event_id=event_id(message_id),
        message_id=message_id,
        type=kind,
        event=_name(kind, message),
        timestamp=envelope.received_at,
        received_at=envelope.received_at,
        sequence=_sequence(context.given.get("sequence"), context.position),
        anonymous_id=text(message.get("anonymousId")),
        user_id=text(message.get("userId")),
        group_id=text(message.get("groupId")),
        side=envelope.side,
        library=_library(context.part("library")),
        locale=text(context.given.get("locale"), 32),
        timezone=text(context.given.get("timezone"), 64),
        properties=_json(_properties(kind, message)),
        traits=_json(message.get("traits") or context.given.get("traits")),
        context=_json(_leftovers(kind, context)),
    )


def _name(kind: str, message: dict[str, Any]) -> str:
    if kind == "track":
        return text(message.get("event"), MOST_NAME)
    return text(message.get("name"), MOST_NAME) if kind == "screen" else ""


def _sequence(value: Any, position: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= MOST_SEQUENCE else position


def _library(library: dict[str, Any]) -> str:
    name, version = text(library.get("name"), 100), text(library.get("version"), 40)
    return f"{name}/{version}" if version else name


def _properties(kind: str, message: dict[str, Any]) -> dict[str, Any]:
    """Properties without those that become columns, and with the name and category of a page."""
    given = message.get("properties")
    properties = given if isinstance(given, dict) else {}
    if kind in ("page", "screen"):
        named = {n: message[n] for n in ("name", "category") if message.get(n) is not None}
        return named | {n: v for n, v in properties.items() if kind == "screen" or n not in PAGE}
    return properties


def _leftovers(kind: str, context: Context) -> dict[str, Any]:
    """What the message's context says beyond the columns, and the fields that nothing reads as `extra`."""
    given, message = context.given, context.message
    left = _without(given, LIFTED)
    for name, columns in (("page", PAGE), ("campaign", CAMPAIGN)):
        if name in given and (rest := _without(context.part(name), columns)):
            left[name] = rest
    extra = _without(message, USED.get(kind, KNOWN))
    if any(value is not None for value in extra.values()):
        left["extra"] = {name: value for name, value in extra.items() if value is not None}
    return left


def _without(part: dict[str, Any], names: Set[str]) -> dict[str, Any]:
    """What an object has beside these names; mostly nothing, which is found out quickly."""
    if part.keys() <= names:
        return {}
    return {name: value for name, value in part.items() if name not in names}


def _json(value: Any) -> str:
    return _encode(value).decode() if value and isinstance(value, dict) else "{}"
