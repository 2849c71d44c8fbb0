"""Turns the values that callers hand in into JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from uuid import UUID

from ._errors import InvalidMessage

# A collector takes 200, with what is around the message.
MAX_LEVELS = 100
TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*"')
BRACKETS = bytes.maketrans(b"{}", b"[]")
OTHERS = bytes(set(range(256)) - set(b"[]{}"))


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds; a naive datetime is local time, as everywhere in Python."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def now_text() -> str:
    """This moment, as `utc_text` would write it."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def to_plain(value: object) -> object:
    """Turn one value that JSON does not know into one that it does; the encoder asks for each such value."""
    if isinstance(value, datetime):
        if value != value:  # such as pandas' NaT
            raise InvalidMessage("a date and time that is none cannot be sent")
        # A naive property value says nothing about its zone, so none is made up for it.
        return value.isoformat(timespec="milliseconds") if value.tzinfo is None else utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Integral):  # such as numpy's, which are no `int`
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise InvalidMessage(f"a value of type {kind_of(value)} cannot be sent")


def kind_of(value: object) -> str:
    """The name of the value's type, with where it comes from unless that is Python itself."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=to_plain).encode


def explain(error: Exception) -> str:
    """Why a message could not be encoded, in words that hold nothing of the message itself."""
    if isinstance(error, InvalidMessage):
        return str(error)
    if isinstance(error, RecursionError):
        return "a value is nested too deeply"
    if isinstance(error, TypeError):
        return "a mapping has a key that is not text or a number"
    if isinstance(error, ValueError):
        return "a value is no finite number, has more digits than Python writes, or contains itself"
    return f"a value could not be read ({type(error).__name__})"


def is_too_deep(text: bytes, levels: int = MAX_LEVELS) -> bool:
    """Whether objects and lists are nested in this JSON text more than so many levels deep."""
    if text.count(b"{") + text.count(b"[") <= levels:
        return False
    nest = TEXTS.sub(b"", text).translate(BRACKETS, OTHERS)
    for _ in range(levels):
        nest = nest.replace(b"[]", b"")  # takes off the innermost level everywhere
    return bool(nest)
