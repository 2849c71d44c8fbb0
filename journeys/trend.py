"""The trend: how the success of a journey goes with time, by day, week or month of the runs' start."""

from __future__ import annotations

from typing import Any

from journeys.buckets import buckets, fitting
from journeys.funnel import UNITS
from journeys.period import iso
from journeys.scope import Scope
from journeys.standing import NOBODY, standing, whole


def trend(scope: Scope, *, by: str | None = None, unit: str = "runs") -> dict[str, Any]:
    """Outcomes and success rate of each day, week or month in the project's time zone, and of all together.

    The parts add up to the whole, which is the funnel of the same period and unit: of customers and accounts
    the furthest run of the period is chosen first, and belongs where it began. A part is `partial` where the
    period cuts it or it is not over. Raises PeriodError for an unknown `by`, ValueError for an unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit; count runs, customers or accounts")
    by = by or fitting(scope.period)
    parts = buckets(scope.period, by, scope.project.zone, now=scope.now)
    sql, values = scope.ask("trend.counted", unit=unit, edges=[one.edge for one in parts])
    found = {row["edge"]: row for row in scope.events.query(sql, values)}
    told = [{**one.told(), **standing(found.get(one.edge, NOBODY))} for one in parts]
    return {
        "journey": scope.definition.key,
        "name": scope.definition.name,
        "version": scope.version.version,
        "unit": unit,
        "by": by,
        "zone": scope.project.zone.key,
        "from": iso(scope.period.start),
        "to": iso(scope.period.end),
        "as_of": iso(scope.now),
        "segment": dict(scope.segment),
        **whole(told),
        "parts": told,
    }
