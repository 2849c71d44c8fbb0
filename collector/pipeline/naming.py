"""Which identities a message names, whatever else is wrong with it: an erased one is found everywhere."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from typing import Any

import msgspec

from collector.pipeline.context import text
from collector.pipeline.identity import IDENTIFIERS
from store.event import identity_hash
from store.identity.identifiers import normal, type_of, usable

# A former id may have been of either kind.
KINDS = {"userId": ("user",), "anonymousId": ("anonymous",), "previousId": ("user", "anonymous")}
# In what is no readable JSON, as far as the names and texts themselves are whole.
LOOSE = re.compile(rb'"(userId|anonymousId|previousId)"\s*:\s*("(?:[^"\\]|\\.)*"|\d+)')


def named_by(message: Any) -> set[int]:
    """The identities of all ids in a message, one that cannot be counted included."""
    if not isinstance(message, dict):
        return _loosely_named(msgspec.json.encode(message))
    found = {one for field in KINDS for one in _of(field, message.get(field))}
    if isinstance(context := message.get("context"), dict):
        for field in IDENTIFIERS:
            typed = context.get(field)
            found |= _typed(typed) if isinstance(typed, list) else set()
    return found


def named_in_drop(original: bytes) -> set[int]:
    """The identities that a refused event names, also where it was damaged."""
    try:
        kept = msgspec.json.decode(original)
    except msgspec.DecodeError:
        return _loosely_named(original)
    if not isinstance(kept, dict):
        return set()
    if isinstance(body := kept.get("body"), str):
        try:
            return _loosely_named(base64.b64decode(body))
        except binascii.Error:
            return set()
    return named_by(kept.get("message"))


def named_in_envelope(body: bytes) -> list[set[int]]:
    """The identities that each message of an envelope names; of a damaged one as if it held one message."""
    try:
        messages = msgspec.json.decode(body)["messages"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return [_loosely_named(body)]
    return [named_by(message) for message in messages]


def _loosely_named(content: bytes) -> set[int]:
    found: set[int] = set()
    for field, value in LOOSE.findall(content):
        with suppress(msgspec.DecodeError):
            found |= _of(field.decode(), msgspec.json.decode(value))
    return found


def _typed(given: list[Any]) -> set[int]:
    """Identities of typed identifiers, as the identity step makes them."""
    pairs = [(type_of(text(one.get("type"))), text(one.get("id"))) for one in given if isinstance(one, dict)]
    normalised = [(type, normal(type, id)) for type, id in pairs]
    return {identity_hash(type, value) for type, value in normalised if type and value}


def _of(field: str, value: Any) -> set[int]:
    id = usable(text(value))
    return {identity_hash(kind, id) for kind in KINDS[field]} if id else set()
