"""Sets when the event happened, by the client's clock as far as that can be right."""

from __future__ import annotations

from typing import Any

import msgspec

from collector.moments import moment
from collector.pipeline.context import Context
from collector.pipeline.drop import Drop, Reason
from store.event import Event

MINUTE = 60_000
DAY = 86_400_000
YEAR_2000 = 946_684_800_000
YEAR_1900 = -2_208_988_800_000  # the event store knows no earlier day


def clock(event: Event, context: Context) -> Event:
    """Live events: corrected, never in the future, not older than is kept. History: as given."""
    received = event.received_at
    given = _given(context.message)
    if given is None:
        return event
    if context.envelope.history:
        return msgspec.structs.replace(event, timestamp=_plausible(given, YEAR_1900, received + DAY))
    at, marks = _corrected(_plausible(given, YEAR_2000, None), received, _sent_at(context))
    days = context.tools.settings.retention_days
    if at < received - days * DAY:
        raise Drop(Reason.TOO_OLD, f"the event is older than {days} days", field="timestamp")
    return msgspec.structs.replace(event, timestamp=at, marks=event.marks + marks)


def _given(message: dict[str, Any]) -> int | None:
    value = message.get("timestamp")
    if value is None or value == "":
        value = message.get("originalTimestamp")
    if value is None or value == "":
        return None
    try:
        return moment(value)
    except (ValueError, OverflowError):
        raise Drop(Reason.BAD_TIMESTAMP, "the timestamp cannot be read", field="timestamp") from None


def _plausible(at: int, least: int, most: int | None) -> int:
    if at < least or (most is not None and at > most):
        raise Drop(Reason.BAD_TIMESTAMP, "the timestamp lies outside all plausible years", field="timestamp")
    return at


def _sent_at(context: Context) -> int | None:
    try:
        return moment(context.message["sentAt"])
    except (KeyError, ValueError, OverflowError):
        return context.envelope.sent_at


def _corrected(at: int, received: int, sent: int | None) -> tuple[int, tuple[str, ...]]:
    """Only a clock that runs ahead is corrected: a request from the past may simply have waited."""
    marks: tuple[str, ...] = ()
    if sent is not None and sent > received and (sent > received + MINUTE or at > received):
        at -= sent - received
        marks = ("clock_corrected",)
    if at > received:
        return received, (*marks, "clock_ahead")
    return at, marks
