"""Parts of a period by day, week or month in the project's time zone; together they are the period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from journeys.period import Period, PeriodError, iso, midnight
from store.words import tell

UNITS = ("day", "week", "month")
MOST = 1_000
DAY = 86_400_000
LONGEST_BY_DAY, LONGEST_BY_WEEK = 62 * DAY, 370 * DAY


@dataclass(frozen=True)
class Bucket:
    """A day, week or month from `edge`; of it the period holds what lies from `start` to `end`, exclusive.

    All in milliseconds. It is partial where the period cuts it, or where it is not over yet.
    """

    edge: int
    start: int
    end: int
    is_partial: bool

    def told(self) -> dict[str, object]:
        """The bucket as answers tell it."""
        return {"from": iso(self.start), "to": iso(self.end), "partial": self.is_partial}


def buckets(period: Period, unit: str, zone: ZoneInfo, *, now: int) -> list[Bucket]:
    """The parts of a period in order, without gap or overlap: from 00:00 of a day, a Monday or a first.

    A moment belongs to the last edge that is not after it, so every moment of the period is in exactly one.
    Raises PeriodError for an unknown unit, and for more than 1,000 parts.
    """
    if unit not in UNITS:
        raise PeriodError(
            tell("%(unit)s is no part of a period; count by day, week or month", unit=repr(unit))
        )
    edges: list[int] = []
    for day in _days(datetime.fromtimestamp(period.start / 1000, zone).date(), unit):
        edge = midnight(day, zone)
        if not edges or edge > edges[-1]:  # a day that the zone skipped has no length
            edges.append(edge)
        if edge >= period.end:
            break
        if len(edges) > MOST:
            raise PeriodError(
                tell(
                    "the period has more than %(most)s parts by %(unit)s; count by a longer one",
                    most=format(MOST, ","),
                    unit=unit,
                )
            )
    return [_bucket(edge, following, period, now) for edge, following in pairwise(edges)]


def fitting(period: Period) -> str:
    """The unit that makes a readable number of parts."""
    length = period.end - period.start
    return "day" if length <= LONGEST_BY_DAY else "week" if length <= LONGEST_BY_WEEK else "month"


def _bucket(edge: int, following: int, period: Period, now: int) -> Bucket:
    start, end = max(edge, period.start), min(following, period.end)
    return Bucket(edge, start, end, is_partial=start > edge or end < following or now < following)


def _days(first: date, unit: str) -> Iterator[date]:
    """The days on which parts begin, from the one that holds the first day."""
    day = {
        "day": first,
        "week": first - timedelta(days=first.weekday()),
        "month": first.replace(day=1),
    }[unit]
    while True:
        yield day
        day = (day + timedelta(days=32)).replace(day=1) if unit == "month" else day + STEPS[unit]


STEPS = {"day": timedelta(days=1), "week": timedelta(days=7)}
