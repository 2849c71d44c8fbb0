"""What became of everything that was sent: by hour, by reason and by library, from the kept counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from journeys.period import Period, iso
from store.ingestion import by_detail, by_library, hourly

HOUR = 3_600_000
LONGEST_BY_HOUR = 14 * 24 * HOUR  # longer periods are told by the day
MOST_LIBRARIES = 100
KINDS = {
    "accepted": "accepted",
    "duplicate": "duplicates",
    "dropped": "refused",
    "late": "late",
    "bot": "robots",
    "violation": "violations",
}

Row = dict[str, Any]


def intake(engine: Engine, project_id: int, period: Period, zone: ZoneInfo, *, now: int) -> Row:
    """Counts of events by the hour of receipt: what came is accepted, a duplicate or refused.

    Of the accepted, some are `late` (more than an hour old when they came), `robots` or `violations` of the
    tracking plan. `times` has a row for each hour, or for each day of a period longer than two weeks.
    """
    span = (period.start, min(period.end, now + 1))
    rows = hourly(engine, project_id, *span)
    total = _of_kinds(Counter[str]())
    for _, what, _, n in rows:
        total[KINDS[what]] += n
    seconds = max(1, span[1] - span[0]) / 1000
    return {
        "from": iso(period.start),
        "to": iso(period.end),
        "unit": "hour" if period.end - period.start <= LONGEST_BY_HOUR else "day",
        "total": total,
        "accepted_per_second": round(total["accepted"] / seconds, 3),
        "busiest_per_second": round(_busiest(rows) / 3600, 3),
        "reasons": _reasons(engine, project_id, span),
        "times": _times(rows, period, span, zone),
        "libraries": _libraries(engine, project_id, span),
        "as_of": iso(now),
    }


def _times(
    rows: list[tuple[int, str, str, int]], period: Period, span: tuple[int, int], zone: ZoneInfo
) -> list[Row]:
    """A row a time, also for those in which nothing came."""
    by_day = period.end - period.start > LONGEST_BY_HOUR
    sums: dict[int, Counter[str]] = {}
    reasons: dict[int, Counter[str]] = defaultdict(Counter)
    for hour in range(span[0] + -span[0] % HOUR, span[1], HOUR):  # those that begin in the span
        sums.setdefault(_begin(hour, zone, by_day=by_day), Counter())
    for hour, what, detail, n in rows:
        at = _begin(hour, zone, by_day=by_day)
        sums[at][KINDS[what]] += n
        if what == "dropped":
            reasons[at][detail] += n
    return [{"at": iso(at), **_of_kinds(counts), "reasons": dict(reasons[at])} for at, counts in sums.items()]


def _begin(hour: int, zone: ZoneInfo, *, by_day: bool) -> int:
    if not by_day:
        return hour
    day = datetime.fromtimestamp(hour / 1000, zone).date()
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


def _busiest(rows: list[tuple[int, str, str, int]]) -> int:
    """The most events that were accepted in one hour."""
    return max((n for _, what, _, n in rows if what == "accepted"), default=0)


def _reasons(engine: Engine, project_id: int, span: tuple[int, int]) -> Row:
    """Refused events, robots and violations by their reason, the most frequent first."""
    found: dict[str, Counter[str]] = {name: Counter() for name in ("refused", "robots", "violations")}
    for what, detail, n in by_detail(engine, project_id, *span):
        if KINDS[what] in found:
            found[KINDS[what]][detail] += n
    return {name: dict(counts.most_common(MOST_LIBRARIES)) for name, counts in found.items()}


def _libraries(engine: Engine, project_id: int, span: tuple[int, int]) -> list[Row]:
    """What came from each library and version, the most first."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for library, what, n in by_library(engine, project_id, *span):
        sums[library][KINDS[what]] += n
    rows = [{"library": library, **_of_kinds(counts)} for library, counts in sums.items()]
    rows.sort(key=lambda row: (-row["accepted"] - row["duplicates"] - row["refused"], row["library"]))
    return rows[:MOST_LIBRARIES]


def _of_kinds(counts: Counter[str]) -> Row:
    return {name: counts[name] for name in KINDS.values()}
