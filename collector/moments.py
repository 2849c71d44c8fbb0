"""Reads a moment in any of the ways that clients write one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
# As seconds the year 5138, as milliseconds 1973; a thousand times as much for each finer unit.
SECONDS_BELOW = 100_000_000_000
# How programs end what is otherwise ISO 8601: `… UTC`, `… +0100 CET` (Go, Ruby), `…[Europe/Berlin]` (Java).
NAMED_ZONE = re.compile(r"(?: ?(?:UTC|GMT)|(?<=[+-]\d{4}) [A-Z]{3,5}|\[[\w/+-]+\])$", re.IGNORECASE)
WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? ", re.IGNORECASE)
LONGEST = 100


def moment(value: Any) -> int:
    """Milliseconds since 1970 of ISO 8601 text, or of a number of seconds or finer units.

    Text without a zone is UTC. Raises ValueError for anything else.
    """
    if isinstance(value, str):
        if value.isdigit() and len(value) > len("20240131"):
            return _from_number(int(value[:30]))  # some long numbers could also be read as a date
        try:
            return _milliseconds(datetime.fromisoformat(value))
        except ValueError:
            return _from_unusual_text(value.strip()[:LONGEST])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    raise ValueError("a time is ISO 8601 text or a number of seconds or milliseconds")


def _from_unusual_text(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        return _milliseconds(_in_words(text) if WEEKDAY.match(text) else _nearly_iso(text))
    return _from_number(number)


def _nearly_iso(text: str) -> datetime:
    """`2024/01/31 10:00`, `2024-01-31 10:00:00 +0000 UTC` and the like."""
    plain = NAMED_ZONE.sub("", text.upper()).replace("/", "-")
    return datetime.fromisoformat(re.sub(r" (?=[+-]\d)", "", plain))


def _in_words(text: str) -> datetime:
    """`Wed, 31 Jan 2024 10:00:00 GMT` or JavaScript's `Wed Jan 31 2024 10:00:00 GMT+0100 (CET)`."""
    try:
        at = parsedate_to_datetime(re.sub(r"\b(?:GMT|UTC)(?=[+-]\d)", "", text))
    except (IndexError, TypeError):  # its ways to say that there is no date
        raise ValueError("that text names no moment") from None
    if at.tzinfo is None:
        raise ValueError("that text names a time of day, but no zone that is known")
    return at


def _from_number(number: float) -> int:
    """A number of seconds, milliseconds, microseconds or nanoseconds: whichever lies in our age."""
    size = abs(number)
    for scale in (1, 1_000, 1_000_000, 1_000_000_000):
        if size < SECONDS_BELOW * scale:  # never true of what is no number
            return round(number * 1_000 / scale) if scale <= 1_000 else round(number // (scale // 1_000))
    raise ValueError("that time lies beyond all calendars")


def _milliseconds(at: datetime) -> int:
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return (at - EPOCH) // MILLISECOND
