"""Cohorts: those who began in one day, week or month, followed since; what is not over is never lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from journeys.buckets import UNITS, buckets
from journeys.cursors import ListError
from journeys.period import Period, PeriodError, iso
from journeys.rates import rate
from store.words import ngettext, tell

MOST_PARTS = 122  # ten years by month
BY_DAY, BY_WEEK = 15 * 86_400_000, 200 * 86_400_000  # up to how long a time is parted by days, by weeks
ALL = -1  # in the place of a part: all of a cohort

Counts = Mapping[tuple[int, int], int]
Cell = Callable[[int, int], str]


@dataclass(frozen=True)
class Parts:
    """The days, weeks or months of the project's zone, from that which holds a start to that which holds now.

    `edges` are their beginnings in milliseconds. The last part is not over.
    """

    by: str
    edges: list[int]

    def end(self, place: int) -> int:
        """Where a part ends; the last one has no end yet."""
        return self.edges[place + 1] if place + 1 < len(self.edges) else 2**62

    def is_over(self, place: int) -> bool:
        """Whether all of a part lies in the past."""
        return place + 1 < len(self.edges)

    def places(self, *edges: str) -> list[int]:
        """The places of parts, by their beginnings as a cell names them; raises ListError."""
        known = {str(edge): place for place, edge in enumerate(self.edges)}
        try:
            return [known[edge] for edge in edges]
        except KeyError:
            raise ListError(
                tell("the cell names no part of this time; take one from the report's answer")
            ) from None

    def distance(self, text: str) -> int:
        """How many parts later a cell of all cohorts says; raises ListError."""
        if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) >= len(self.edges):
            raise ListError(tell("the cell names no part of this time; take one from the report's answer"))
        return int(text)


def parts(by: str, start: int, now: int, zone: ZoneInfo) -> Parts:
    """The parts from a start until now; raises PeriodError where there are more than a table can show.

    Without a unit, that which makes a readable number of them.
    """
    length = now - start
    by = by or ("day" if length <= BY_DAY else "week" if length <= BY_WEEK else "month")
    if by not in UNITS:
        raise PeriodError(tell("%(by)s is no part of a period; count by day, week or month", by=repr(by)))
    if start > now:
        return Parts(by, [])
    found = buckets(Period(start, now + 1), by, zone, now=now)
    if len(found) > MOST_PARTS:
        cure = tell("choose a shorter period") if by == "month" else tell("count by a longer one")
        raise PeriodError(
            tell(
                "there are more than %(most_parts)s parts by %(by)s; %(cure)s",
                most_parts=MOST_PARTS,
                by=by,
                cure=cure,
            )
        )
    return Parts(by, [one.edge for one in found])


def followed(parts: Parts, counts: Counts, period: Period, cell: Cell) -> dict[str, Any]:
    """Each cohort with its number in each part from its own on, and all cohorts together.

    `counts` are by edge of the cohort and edge of the part, with ALL for the whole cohort; `cell` names the
    list of both, or with ALL for the cohort that of all cohorts, so many parts after their own. A number of a
    part that is not over is `running` and has no rate, and counts in no rate of all cohorts together.
    """
    cohorts = []
    for place, edge in enumerate(parts.edges):
        n = counts.get((edge, ALL), 0)
        if edge >= period.end and not n:
            continue
        cells = [
            _cell(parts, later, n, counts.get((edge, parts.edges[later]), 0), cell(edge, parts.edges[later]))
            for later in range(place, len(parts.edges))
        ]
        is_cut = edge < period.start or period.end < parts.end(place)
        cohorts.append(
            {
                "from": iso(edge),
                "partial": is_cut or not parts.is_over(place),
                "n": n,
                "cell": cell(edge, ALL),
                "periods": [{"period": after, **one} for after, one in enumerate(cells)],
            }
        )
    return {"cohorts": cohorts, "overall": _overall(cohorts, cell)}


def _cell(parts: Parts, place: int, n: int, count: int, cell: str) -> dict[str, Any]:
    is_running = not parts.is_over(place)
    return {
        "from": iso(parts.edges[place]),
        "n": count,
        "cell": cell,
        "running": is_running,
        "rate": None if is_running else rate(count, n),
    }


def _overall(cohorts: list[dict[str, Any]], cell: Cell) -> list[dict[str, Any]]:
    """For each distance from a cohort's own part: those of all cohorts for which that part is over."""
    found = []
    for after in range(max((len(one["periods"]) for one in cohorts), default=0)):
        held = [
            one for one in cohorts if len(one["periods"]) > after and not one["periods"][after]["running"]
        ]
        n, count = sum(one["n"] for one in held), sum(one["periods"][after]["n"] for one in held)
        told = {"n": count, "cell": cell(ALL, after), "rate": rate(count, n)}
        found.append({"period": after, "cohorts": len(held), **told})
    return found


def rows(kind: str, table: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """A row a cell, for a CSV file: those of every cohort, then those of all together."""
    found: list[tuple[Any, ...]] = []
    for cohort in table["cohorts"]:
        for one in cohort["periods"]:
            told = (kind, cohort["from"], cohort["n"], one["period"], one["from"], one["n"], one["running"])
            found.append((*told, *_interval(one["rate"])))
    for one in table["overall"]:
        told = (kind, "all", one["rate"]["n"], one["period"], "", one["n"], False)
        found.append((*told, *_interval(one["rate"])))
    return found


def _interval(rate: Mapping[str, Any] | None) -> list[Any]:
    return [rate[name] if rate else None for name in ("value", "low", "high")]


HEAD = ("what", "cohort", "cohort_n", "period", "period_from", "n", "running", "rate", "low", "high")


def later(by: str, n: int) -> str:
    """So many days, weeks or months after a first one, in words."""
    if n == 0:
        return tell("in the same %(part)s", part=tell(by))
    return {
        "day": ngettext("%(num)s day later", "%(num)s days later", n),
        "week": ngettext("%(num)s week later", "%(num)s weeks later", n),
        "month": ngettext("%(num)s month later", "%(num)s months later", n),
    }[by]
