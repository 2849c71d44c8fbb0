"""The funnel: how far runs come, how they end, where they leave; every number is a count of runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from journeys.definitions import Step
from journeys.questions import question
from journeys.rates import rate, run_rate
from journeys.report import spread_of
from journeys.scope import Scope
from journeys.statistics import known
from store.words import tell

OUTCOMES = ("succeeded", "failed", "dropped", "in_time")
UNITS = ("runs", "customers", "accounts")
AT_STEP = (
    *("progressed", "visited", "missed", "repeated"),
    *("dropped_here", "failed_here", "in_time_here"),
)
# SQL of how many visits of a place took which step, where places are no steps.
TAKEN = "sumMap([named], [toUInt64(1)])"
NONE_TAKEN = "(emptyArrayUInt8(), emptyArrayUInt64())"
# SQL of which runs may not be the only one of their customer; of accounts, a member of two counts for both.
OF_MANY = {"runs": "of_several", "customers": "0", "accounts": "1"}
NEVER = (math.nan, math.nan)


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
        raise ValueError(tell("%(unit)s is no unit; count runs, customers or accounts", unit=repr(unit)))
    in_any_order, steps = scope.rule.order == "any", scope.definition.steps
    sql, values = scope.ask(
        "funnel.counted",
        unit=unit,
        slots=lambda _: {
            "taken": TAKEN if in_any_order else NONE_TAKEN,
            **_read(scope, unit),
        },
        beyond=len(steps) + 1,
    )
    found = Counted(scope.events.query(sql, values))
    entered = found.progressed(1)
    outcomes = {how: sum(n for (_, one), n in found.ends.items() if one == how) for how in OUTCOMES}
    return {
        **scope.head(unit),
        "order": scope.rule.order,
        "runs_of": scope.rule.runs_of,
        "entered": entered,
        "outcomes": outcomes,
        "cells": {"entered": "entered", "outcomes": {how: how for how in OUTCOMES}},
        "success_rate": {
            **run_rate(outcomes["succeeded"], entered, in_time=outcomes["in_time"], spread=found.spread(1)),
            "cells": _cells("entered", "in_time"),
        },
        "steps": [
            _step(step, before, k, found) for k, (before, step) in enumerate(pairwise((steps[0], *steps)), 1)
        ],
        "taken": _taken(scope, found, entered) if in_any_order else [],
        "seconds_to_goal": found.seconds_to_goal,
    }


def _read(scope: Scope, unit: str) -> dict[str, str]:
    """Whether runs are held, and SQL of how far those of each customer came who may have several."""
    if unit == "runs" and scope.is_all_that_is_stored:
        return {"once": "", "customers": question("funnel.came_stored")}
    return {"once": scope.held, "customers": question("funnel.came", of_many=OF_MANY[unit])}


class Counted:
    """The rows of the one question, by step from 1, and the customers by how many runs came how far.

    Runs whose customers are not among these are of another customer each.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._steps = {row["step"]: row for row in rows if row["step"]}
        self._ended = {row["ended"]: row for row in rows if row["ended"]}
        self._customers = [(row["reached"], row["n"]) for row in rows if row["reached"]]
        self.ends = Counter({(k, how): row[how] for k, row in self._ended.items() for how in OUTCOMES})

    def progressed(self, k: int) -> int:
        """How many came to the step or beyond."""
        return sum(n for (step, _), n in self.ends.items() if step >= k)

    def in_time_before(self, k: int) -> int:
        """How many may still come to the step."""
        return sum(n for (step, how), n in self.ends.items() if how == "in_time" and step < k)

    def spread(self, k: int) -> dict[int, int]:
        """How many customers have how many of the runs that came to the step."""
        spread = Counter[int]()
        for reached, customers in self._customers:
            spread[sum(reached[k - 1 :])] += customers
        spread[1] += self.progressed(k) - sum(runs * customers for runs, customers in spread.items())
        return {runs: customers for runs, customers in spread.items() if runs and customers}

    def visited(self, k: int) -> int:
        """How many reached this very step."""
        return self._steps[k]["n"] if k in self._steps else 0

    def repeated(self, k: int) -> int:
        """How many of these were at the step again, at once or after others."""
        return self._steps[k]["repeated"] if k in self._steps else 0

    def seconds_before(self, k: int) -> dict[str, float | None]:
        """How long these took from the step before."""
        return _spent(self._steps[k]["seconds"] if k in self._steps else NEVER)

    @property
    def seconds_to_goal(self) -> dict[str, float | None]:
        """How long those took in all that succeeded; they all ended at the same step."""
        found = (row["seconds_to_goal"] for row in self._ended.values() if row["succeeded"])
        return _spent(next(found, NEVER))

    @property
    def taken(self) -> Counter[int]:
        """How many visits of places took which step."""
        taken = Counter[int]()
        for row in self._steps.values():
            taken.update(dict(zip(*row["taken"], strict=True)))
        return taken


def _cells(n: str, in_time: str) -> dict[str, str]:
    """The names of the lists behind the numbers of a rate."""
    return {"n": n, "in_time": in_time, **spread_of(n)}


def without_lists(rate: Mapping[str, Any]) -> dict[str, Any]:
    """A rate of a funnel for those who do not list its runs."""
    return {name: one for name, one in rate.items() if name != "cells"}


def _step(step: Step, previous: Step, k: int, found: Counted) -> dict[str, Any]:
    progressed, visited, before = found.progressed(k), found.visited(k), max(k - 1, 1)
    may_come = f"may_come:{step.key}"
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
        "rate_from_start": {
            **run_rate(
                progressed, found.progressed(1), in_time=found.in_time_before(k), spread=found.spread(1)
            ),
            "cells": _cells("entered", may_come),
        },
        "rate_from_previous": {
            **run_rate(progressed, found.progressed(before), in_time=still, spread=found.spread(before)),
            "cells": _cells(
                f"progressed:{previous.key}", f"in_time_here:{previous.key}" if k > 1 else may_come
            ),
        },
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


def _spent(seconds: Sequence[float]) -> dict[str, float | None]:
    median, p90 = seconds
    return {"median": known(median), "p90": known(p90)}
