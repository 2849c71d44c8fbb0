"""The funnel: how far runs come, how they end, where they leave; every number is a count of runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from journeys.definitions import Step
from journeys.period import iso
from journeys.rates import rate, run_rate
from journeys.scope import Scope
from journeys.statistics import known

OUTCOMES = ("succeeded", "failed", "dropped", "in_time")
UNITS = ("runs", "customers", "accounts")
AT_STEP = (
    *("progressed", "visited", "missed", "repeated"),
    *("dropped_here", "failed_here", "in_time_here"),
)
# SQL of how many visits of a place took which step, where places are no steps.
WITH_TAKEN = {
    "named": ", arrayConcat(walked, [toUInt8(0)], again) as named",
    "taken": "sumMapIf([named], [toUInt64(1)], kind = 1)",
}
WITHOUT_TAKEN = {"named": "", "taken": "([], [])"}


def funnel(scope: Scope, *, unit: str = "runs") -> dict[str, Any]:
    """The funnel of a journey as the REST API answers it; durations in seconds.

    Sums hold: entered = all outcomes; progressed of a step less progressed of the next = those who
    ended at the step. `unit` customers takes each customer's furthest run, of equals one that is in time,
    else the earliest; accounts the furthest among those of an account's members: an account has reached a
    step when a member has. Runs of customers without an account do not count there, and those of a member of
    two count for both. Where the runs are those of accounts, `customers` in the answer are accounts. In any
    order `steps` are places, from one step taken to all, and `taken` says how many
    took which step. Raises ValueError for an unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is no unit; count runs, customers or accounts")
    in_any_order = scope.rule.order == "any"
    slots = WITH_TAKEN if in_any_order else WITHOUT_TAKEN
    found = Counted(scope.events.query(*scope.ask("funnel.counted", unit=unit, slots=lambda _: slots)))
    entered = found.progressed(1)
    outcomes = {how: sum(n for (_, one), n in found.ends.items() if one == how) for how in OUTCOMES}
    return {
        "journey": scope.definition.key,
        "name": scope.definition.name,
        "version": scope.version.version,
        "unit": unit,
        "from": iso(scope.period.start),
        "to": iso(scope.period.end),
        "as_of": iso(scope.now),
        "segment": dict(scope.segment),
        "order": scope.rule.order,
        "runs_of": scope.rule.runs_of,
        "entered": entered,
        "outcomes": outcomes,
        "cells": {"entered": "entered", "outcomes": {how: how for how in OUTCOMES}},
        "success_rate": run_rate(
            outcomes["succeeded"], entered, in_time=outcomes["in_time"], spread=found.spread(1)
        ),
        "steps": [_step(step, k, found) for k, step in enumerate(scope.definition.steps, 1)],
        "taken": _taken(scope, found, entered) if in_any_order else [],
        "seconds_to_goal": found.seconds_to_goal,
    }


class Counted:
    """The rows of the one question, by what they speak of; steps from 1."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.ends = Counter({(row["step"], row["what"]): row["n"] for row in rows if row["what"] in OUTCOMES})
        self._visits = {row["step"]: row for row in rows if row["what"] == "visited"}
        self._repeats = Counter({row["step"]: row["n"] for row in rows if row["what"] == "repeated"})
        self._places = [
            (row["step"], dict(zip(*row["places"], strict=True))) for row in rows if row["what"] in OUTCOMES
        ]
        self.taken = Counter[int]()
        for row in self._visits.values():
            self.taken.update(dict(zip(*row["taken"], strict=True)))
        goal = next((row for row in rows if row["what"] == "succeeded"), None)
        self.seconds_to_goal = _spent(goal)

    def progressed(self, k: int) -> int:
        """How many came to the step or beyond."""
        return sum(n for (step, _), n in self.ends.items() if step >= k)

    def in_time_before(self, k: int) -> int:
        """How many may still come to the step."""
        return sum(n for (step, how), n in self.ends.items() if how == "in_time" and step < k)

    def spread(self, k: int) -> dict[int, int]:
        """How many customers have how many of the runs that came to the step."""
        with_more = Counter[int]()
        for step, places in self._places:
            if step >= k:
                with_more.update(places)
        spread = {runs: n - with_more[runs + 1] for runs, n in with_more.items()}
        return {runs: n for runs, n in spread.items() if n}

    def visited(self, k: int) -> int:
        """How many reached this very step."""
        return self._visits[k]["n"] if k in self._visits else 0

    def repeated(self, k: int) -> int:
        """How many of these were at the step again, at once or after others."""
        return self._repeats[k]

    def seconds_before(self, k: int) -> dict[str, float | None]:
        """How long these took from the step before."""
        return _spent(self._visits.get(k))


def _step(step: Step, k: int, found: Counted) -> dict[str, Any]:
    progressed, visited, before = found.progressed(k), found.visited(k), max(k - 1, 1)
    still = found.ends[k - 1, "in_time"]
    return {
        "key": step.key,
        "name": step.name,
        "stage": step.stage,
        "optional": step.optional,
        "progressed": progressed,
        "visited": visited,
        "missed": progressed - visited,
        "repeated": found.repeated(k),
        "dropped_here": found.ends[k, "dropped"],
        "failed_here": found.ends[k, "failed"],
        "in_time_here": found.ends[k, "in_time"],
        "cells": {name: f"{name}:{step.key}" for name in AT_STEP},
        "rate_from_start": run_rate(
            progressed, found.progressed(1), in_time=found.in_time_before(k), spread=found.spread(1)
        ),
        "rate_from_previous": run_rate(
            progressed, found.progressed(before), in_time=still, spread=found.spread(before)
        ),
        "seconds_from_previous": found.seconds_before(k),
    }


def _taken(scope: Scope, found: Counted, entered: int) -> list[dict[str, Any]]:
    return [
        {
            "key": step.key,
            "name": step.name,
            "stage": step.stage,
            "n": found.taken[k],
            "cell": f"taken:{step.key}",
            "share": rate(found.taken[k], entered),
        }
        for k, step in enumerate(scope.rule.steps, 1)
    ]


def _spent(row: Mapping[str, Any] | None) -> dict[str, float | None]:
    median, p90 = row["seconds"] if row else (math.nan, math.nan)
    return {"median": known(median), "p90": known(p90)}
