"""Sets when the event happened, by the client's clock as far as that can be right.

The policy stands in `docs/enrichment.md`, section "Time".
"""

from __future__ import annotations

from typing import Any

from collector.moments import moment
from collector.pipeline.context import Context
from collector.pipeline.drop import Drop, Reason
from store.event import Event
from store.settings import Settings

MINUTE = 60_000
DAY = 86_400_000
YEAR = 365 * DAY
YEAR_1900 = -2_208_988_800_000  # the event store knows no earlier day
YEAR_2000 = 946_684_800_000
YEAR_2100 = 4_102_444_800_000

Marks = tuple[str, ...]


def clock(event: Event, context: Context) -> Event:
    """Live events: corrected, then kept, clamped or dropped by the settings. History: as given."""
    received = event.received_at
    given = _given(context.message)
    if given is None:
        return event
    if context.envelope.history:
        event.timestamp = _plausible(given, YEAR_1900, received + DAY)
        return event
    settings = context.tools.settings
    at, marks = _corrected(_plausible(given, YEAR_2000, None), received, _sent_at(context))
    if at > received:
        at, more = _from_the_future(at, received, settings)
        marks += more
    elif at < received - settings.retention_days * DAY:
        at, more = _from_long_ago(at, received, settings)
        marks += more
    event.timestamp = at
    event.marks += marks
    return event


def _given(message: dict[str, Any]) -> int | None:
    value = message.get("timestamp")
    if _is_absent(value):
        value = message.get("originalTimestamp")
        if _is_absent(value):
            return None
    try:
        return moment(value)
    except (ValueError, OverflowError):
        raise Drop(Reason.BAD_TIMESTAMP, "the timestamp cannot be read", field="timestamp") from None


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _plausible(at: int, least: int, most: int | None) -> int:
    if at < least or (most is not None and at > most):
        raise Drop(Reason.BAD_TIMESTAMP, "the timestamp lies outside all plausible years", field="timestamp")
    return at


def _sent_at(context: Context) -> int | None:
    given = context.message.get("sentAt")
    if given is None:
        return context.envelope.sent_at
    try:
        return moment(given)
    except (ValueError, OverflowError):
        return context.envelope.sent_at


def _corrected(at: int, received: int, sent: int | None) -> tuple[int, Marks]:
    """Only a clock that runs ahead is corrected: a request from the past may simply have waited.

    One that would be years ahead is believed only where the event's own time was told by it, too.
    """
    ahead = sent - received if sent is not None else 0
    if ahead <= 0 or (ahead <= MINUTE and at <= received):
        return at, ()
    if ahead > YEAR and at - ahead < received - YEAR:
        return at, ()
    return at - ahead, ("clock_corrected",)


def _from_the_future(at: int, received: int, settings: Settings) -> tuple[int, Marks]:
    if settings.future_times == "keep":
        return _plausible(at, YEAR_2000, YEAR_2100), ()
    if settings.future_times == "drop" and at > received + MINUTE:
        raise Drop(Reason.FROM_FUTURE, "the event has not happened yet", field="timestamp")
    return received, ("clock_ahead",)  # also within a minute: no clock is exact


def _from_long_ago(at: int, received: int, settings: Settings) -> tuple[int, Marks]:
    days = settings.retention_days
    if settings.old_times == "keep":
        return _plausible(at, YEAR_2000, None), ()
    if settings.old_times == "drop":
        raise Drop(Reason.TOO_OLD, f"the event is older than {days} days", field="timestamp")
    return received - days * DAY, ("too_old",)
