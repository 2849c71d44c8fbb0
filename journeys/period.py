"""The period that a report is about: runs count by their start, in the project's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from store.words import marked, tell

DEFAULT_DAYS = 30
START_OF_1970 = datetime(1970, 1, 1, tzinfo=UTC)
NO_AS_OF = marked(
    "`as_of` is a question to journeys; these numbers are known as they are now, so leave it out"
)
BEGINNING_OF_TIME, END_OF_TIME = -2_208_988_800_000, 9_000_000_000_000  # that the event store can tell
FIRST_MS, LAST_MS = 31_536_000_000, 7_258_118_400_000  # the beginnings of 1971 and 2200


class PeriodError(Exception):
    """A period cannot be read; the message says why."""


@dataclass(frozen=True)
class Period:
    """From `start` (inclusive) to `end` (exclusive), in milliseconds since 1970."""

    start: int
    end: int


def parse_period(start: str | None, end: str | None, zone: ZoneInfo, *, now: int) -> Period:
    """Read `from` and `to`, each a date or a time; the last 30 days up to tonight where they are absent."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    last = moment(end, zone) if end else midnight(today + timedelta(days=1), zone)
    first = (
        moment(start, zone)
        if start
        else midnight(datetime.fromtimestamp(last / 1000, zone).date() - timedelta(days=DEFAULT_DAYS), zone)
    )
    if first >= last:
        raise PeriodError(tell("the period ends before it begins: choose a later end, or an earlier start"))
    return Period(first, last)


def preceding(period: Period, zone: ZoneInfo) -> Period:
    """The period right before, of as many days in the time zone, or as long where it is not of whole days."""
    first, last = (datetime.fromtimestamp(at / 1000, zone) for at in (period.start, period.end))
    if all(
        at == midnight(day.date(), zone)
        for at, day in zip((period.start, period.end), (first, last), strict=True)
    ):
        return Period(midnight(first.date() - (last.date() - first.date()), zone), period.start)
    return Period(period.start - (period.end - period.start), period.start)


def asked_at(text: str | None, zone: ZoneInfo, *, now: int) -> int:
    """The moment at which a report was asked, which its lists take over; now where none is given."""
    at = moment(text, zone) if text else now
    if at > now:
        raise PeriodError(
            tell("nobody knows yet what is in time on %(text)s; `now` cannot lie ahead", text=text)
        )
    return at


def iso(at: int) -> str:
    """A moment in milliseconds as an ISO time in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str, zone: ZoneInfo) -> int:
    """A date or a time in the time zone as milliseconds since 1970; raises PeriodError."""
    try:
        found = _read(text, zone)
    except (ValueError, OverflowError):
        raise PeriodError(
            tell("%(text)s is no date; write 2026-03-01 or 2026-03-01T12:00:00Z", text=repr(text))
        ) from None
    if not FIRST_MS <= found <= LAST_MS:
        raise PeriodError(tell("%(text)s lies outside of the years 1971 to 2199", text=repr(text)))
    return found


def _read(text: str, zone: ZoneInfo) -> int:
    if len(text) == len("2026-03-01"):
        return midnight(date.fromisoformat(text), zone)
    moment = datetime.fromisoformat(text)
    return _since_1970(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def midnight(day: date, zone: ZoneInfo) -> int:
    """The first moment of a day in the time zone, also where clocks change at midnight."""
    return _since_1970(datetime.combine(day, time(), zone))


def _since_1970(moment: datetime) -> int:
    """Whole milliseconds. A fraction of a second in binary may lie just below what was written."""
    return (moment - START_OF_1970) // timedelta(milliseconds=1)
