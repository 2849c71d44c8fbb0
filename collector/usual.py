"""Recognises a batch as client libraries write it, which then goes to disk as it came.

Such a batch is right in every event, and no client address can stand in it but under `context.ip`. So there
is nothing to judge, to tidy or to look for, and its events need not be made into objects and written again,
which is most of what a batch costs. Whatever is not surely usual goes the whole way (`wire`, `envelope`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from collector.envelope import HARMLESS, LONGEST_ADDRESS, names_address, truncated
from collector.limits import BATCH_EVENTS, EVENT_BYTES
from store.client_health import Health

Scalar = str | int | float | bool | None
Flat = dict[str, Scalar]
Part = dict[str, Scalar | Flat | list[Scalar | Flat]]
Given = Annotated[str, msgspec.Meta(min_length=1)]
Time = datetime | UnsetType


class _Page(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    url: str = ""
    path: str = ""
    title: str = ""
    referrer: str = ""
    search: str = ""


class _Campaign(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str = ""
    source: str = ""
    medium: str = ""
    term: str = ""
    content: str = ""
    id: str = ""


class _Library(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str = ""
    version: str = ""


class _Context(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    library: _Library | None = None
    page: _Page | None = None
    campaign: _Campaign | None = None
    user_agent: str = ""
    ip: str = ""
    locale: str = ""
    timezone: str = ""
    session_id: str | int = ""
    sequence: int = 0
    channel: str = ""
    webdriver: bool = False
    screen: Flat | None = None
    os: Flat | None = None
    app: Flat | None = None
    device: Flat | None = None
    network: Flat | None = None
    traits: Flat | None = None
    click_ids: Flat | None = None
    consent: Part | None = None
    user_agent_data: Part | None = None


class _Message(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False, kw_only=True):
    """What client libraries write. Everything else may mean something that has to be looked at."""

    type: Literal["track", "page", "screen", "identify", "alias", "group"]
    message_id: Given
    anonymous_id: Given | None = None
    user_id: Given | None = None
    group_id: Given | None = None
    previous_id: Given | None = None
    event: Given | None = None
    name: Given | None = None
    category: Given | None = None
    channel: str = ""
    version: str | int | None = None
    timestamp: Time = UNSET
    original_timestamp: Time = UNSET
    sent_at: Time = UNSET
    context: _Context | UnsetType = UNSET
    properties: Part | UnsetType = UNSET
    traits: Part | UnsetType = UNSET
    integrations: Flat | None = None
    metadata: Flat | None = msgspec.field(name="_metadata", default=None)


class _Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    batch: list[msgspec.Raw]
    sent_at: str | int | None = None
    write_key: str | None = None
    health: Health | None = None


class Usual(NamedTuple):
    """A batch that is right in every event: its messages as they came but for addresses, which are cut, and
    the other fields of its body. `is_named`: all events have an anonymous id."""

    messages: list[msgspec.Raw]
    fields: dict[str, Any]
    is_named: bool


UNSURE = -(2**40)

_body = msgspec.json.Decoder(_Body).decode
_message = msgspec.json.Decoder(_Message).decode


def usual(raw: bytes, *, anonymize: bool = True) -> Usual | None:
    """The batch in a body, where it is as client libraries write it; None where it may not be.

    Its addresses are cut, unless they need not be made anonymous.
    """
    if b"\\" in raw:  # names may be written otherwise than they look
        return None
    try:
        body = _body(raw)
        messages = [_message(one) for one in body.batch]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not 0 < len(messages) <= BATCH_EVENTS or (len(raw) > EVENT_BYTES < max(map(len, body.batch))):
        return None
    sizes = [*map(_objects, messages)]
    around = 1 + ((2 if body.health.dropped is not None else 1) if body.health else 0)
    # One object more was overwritten by another of the same name, and nobody has looked at it.
    if min(sizes) <= 0 or around + sum(sizes) != raw.count(b"{"):
        return None
    kept = body.batch
    if anonymize:
        kept = [one for one in map(_without_address, kept, messages) if one]
    fields = {"sentAt": body.sent_at, "writeKey": body.write_key, "health": body.health}
    is_named = all(one.anonymous_id for one in messages)
    return Usual(kept, fields, is_named) if len(kept) == len(messages) else None


def _objects(message: _Message) -> int:
    """Of how many JSON objects a message consists; 0 or less where it is not surely right and harmless."""
    if not _is_right(message):
        return 0
    found, context = 1, message.context
    for part in (message.properties, message.traits, message.integrations, message.metadata):
        if part:
            if not (inside := _objects_of(part)):
                return 0
            found += inside
        elif type(part) is dict:
            found += 1
    return found + _objects_of_context(context) if context else found


def _objects_of_context(context: _Context) -> int:
    """The same of a context; so many are not there that no number is right where one is not sure."""
    found = 1 + (context.library is not None) + (context.page is not None) + (context.campaign is not None)
    for part in (
        *(context.screen, context.os, context.app, context.device, context.network, context.traits),
        *(context.click_ids, context.consent, context.user_agent_data),
    ):
        if part is not None:
            found += _objects_of(part) or UNSURE
    return found


def _is_right(message: _Message) -> bool:
    """Whether ids name something, and what the type needs is there."""
    user, anonymous, kind = message.user_id, message.anonymous_id, message.type
    named = (user, anonymous, message.event, message.name, message.group_id, message.previous_id)
    if message.message_id.isspace() or any(map(str.isspace, filter(None, named))):
        return False
    match kind:
        case "track":
            return bool(message.event and (user or anonymous))
        case "group":
            return bool(message.group_id and (user or anonymous))
        case "alias":
            return bool((message.previous_id and (user or anonymous)) or (user and anonymous))
    return bool(user or anonymous)


def _objects_of(part: dict[str, Any]) -> int:
    """Of how many objects a part consists; 0 where addresses can stand under one of its names."""
    if not part.keys() <= HARMLESS and any(map(names_address, part.keys() - HARMLESS)):
        return 0
    found = 1
    for value in part.values():
        if type(value) is dict or type(value) is list:
            for one in _parts_of(value):
                inside = _objects_of(one)
                if not inside:
                    return 0
                found += inside
    return found


def _parts_of(value: dict[str, Any] | list[Any]) -> Iterable[dict[str, Any]]:
    return (value,) if isinstance(value, dict) else (one for one in value if isinstance(one, dict))


def _without_address(raw: msgspec.Raw, message: _Message) -> msgspec.Raw | None:
    """The message with `context.ip` cut; None where that is not written as it usually is."""
    given = message.context.ip if message.context else ""
    if bytes(raw).count(b'"ip"') > 1 or len(given) > LONGEST_ADDRESS:
        return None  # of two only the second was read
    if not given:
        return raw
    there, kept = _cut(given)
    if there == kept:
        return raw
    written = bytes(raw)
    at = written.find(there)
    return msgspec.Raw(written[:at] + kept + written[at + len(there) :]) if at >= 0 else None


@lru_cache(20_000)
def _cut(address: str) -> tuple[bytes, bytes]:
    """How an address is written in a message, and what stands there afterwards."""
    return b'"ip":"%b"' % address.encode(), b'"ip":"%b"' % truncated(address).encode()
