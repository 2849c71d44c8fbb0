"""Reads a moment in any of the ways that clients write one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SECONDS_BELOW = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973


def moment(value: Any) -> int:
    """Milliseconds since 1970 of ISO 8601 text or of a number of seconds or milliseconds.

    Text without a zone is UTC. Raises ValueError for anything else.
    """
    if isinstance(value, str):
        if value.isdigit() and len(value) > len("20240131"):
            return _from_number(int(value[:20]))  # some long numbers could also be read as a date
        try:
            return _milliseconds(datetime.fromisoformat(value))
        except ValueError:
            return _from_unusual_text(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    raise ValueError("a time is ISO 8601 text or a number of seconds or milliseconds")


def _from_unusual_text(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        return _milliseconds(datetime.fromisoformat(text.upper()))
    return _from_number(number)


def _from_number(number: float) -> int:
    if not abs(number) < 1e15:  # also true of what is no number
        raise ValueError("that time lies beyond all calendars")
    return round(number * 1000) if abs(number) < SECONDS_BELOW else round(number)


def _milliseconds(at: datetime) -> int:
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return (at - EPOCH) // MILLISECOND
