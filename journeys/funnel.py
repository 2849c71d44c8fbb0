"""The funnel: how far runs come, how they end, where they leave; every number is a count of runs."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from journeys.period import iso
from journeys.rates import rate
from journeys.scope import Scope

OUTCOMES = ("succeeded", "failed", "dropped", "in_time")
UNITS = ("runs", "customers", "accounts")


def funnel(scope: Scope, *, unit: str = "runs") -> dict[str, Any]:
    """The funnel of a journey as the REST API answers it; durations in seconds.

    Sums hold: entered = all outcomes; progressed of a step less progressed of the next = those who
    ended at the step. `unit` customers takes each customer's furthest run, of equals one that is in time,
    else the earliest; accounts the furthest among those of an account's members: an account has reached a
    step when a member has. Runs of customers without an account do not count there, and those of a member of
    two count for both. Raises ValueError for an unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit; count runs, customers or accounts")
    ends = _rows(scope, "funnel.ends", unit)
    visits = {row["step"]: row for row in _rows(scope, "funnel.steps", unit)}
    count = Counter({(row["position"], row["how"]): row["n"] for row in ends})
    entered = count.total()
    outcomes = {how: sum(n for (_, one), n in count.items() if one == how) for how in OUTCOMES}
    goal = next((row for row in ends if row["how"] == "succeeded"), None)
    return {
        "journey": scope.definition.key,
        "name": scope.definition.name,
        "version": scope.version.version,
        "unit": unit,
        "from": iso(scope.period.start),
        "to": iso(scope.period.end),
        "as_of": iso(scope.now),
        "segment": dict(scope.segment),
        "entered": entered,
        "outcomes": outcomes,
        "success_rate": rate(outcomes["succeeded"], entered),
        "steps": _steps(scope, count, visits, entered),
        "seconds_to_goal": {"median": goal["median"] if goal else None, "p90": goal["p90"] if goal else None},
    }


def _steps(
    scope: Scope, count: Counter[tuple[int, str]], visits: dict[int, dict[str, Any]], entered: int
) -> list[dict[str, Any]]:
    steps = []
    before = entered
    for k, step in enumerate(scope.definition.steps, 1):
        progressed = sum(n for (position, _), n in count.items() if position >= k)
        visit = visits.get(k, {"visited": 0, "median": math.nan, "p90": math.nan})
        steps.append(
            {
                "key": step.key,
                "name": step.name,
                "stage": step.stage,
                "optional": step.optional,
                "progressed": progressed,
                "visited": visit["visited"],
                "missed": progressed - visit["visited"],
                "dropped_here": count[k, "dropped"],
                "failed_here": count[k, "failed"],
                "in_time_here": count[k, "in_time"],
                "rate_from_start": rate(progressed, entered),
                "rate_from_previous": rate(progressed, before),
                "seconds_from_previous": {"median": known(visit["median"]), "p90": known(visit["p90"])},
            }
        )
        before = progressed
    return steps


def known(number: float) -> float | None:
    """The number, or None where the event store says that there is none."""
    return None if math.isnan(number) else number


def _rows(scope: Scope, name: str, unit: str) -> list[dict[str, Any]]:
    return scope.events.query(*scope.ask(name, unit=unit))
