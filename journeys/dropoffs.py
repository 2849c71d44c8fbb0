"""Drop-offs: who leaves a step, what they do next, where from, what was in their way, at what cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeys import dropoffs_lists, dropoffs_origins, dropoffs_stake
from journeys.at_once import at_once
from journeys.cursors import ListError
from journeys.dimensions import DimensionError
from journeys.dropoffs_around import PARTS, Around, around
from journeys.dropoffs_origins import LEFT, REACHED, origins
from journeys.dropoffs_stake import stake
from journeys.funnel import funnel, without_lists
from journeys.lists import of_step
from journeys.rates import rate
from journeys.report import Answer, Which, parted, spread_of
from journeys.scope import Scope
from store.words import marked, tell

SUCCEEDED = "succeeded"  # of those who went on, in what is said of money
HERE = {
    "reached": (REACHED, marked("reached, in order")),
    "left": (LEFT, marked("dropped or failed here")),
    "went_on": ("furthest > {k:UInt8}", marked("went on")),
    SUCCEEDED: ("outcome = 'succeeded'", marked("went on and succeeded")),
    **{
        how: (f"outcome = '{how}' and furthest = {{k:UInt8}}", said)
        for how, said in (
            ("dropped", marked("dropped here")),
            ("failed", marked("failed here")),
            ("in_time", marked("in time here")),
        )
    },
}


def dropoffs(
    scope: Scope,
    *,
    unit: str = "runs",
    step: str = "",
    within: float = 30.0,
    most: int = 8,
    value: str = "",
    currency: str = "",
) -> Answer:
    """Who left one step, by default the one where most leave, and all that is known around it.

    Raises DimensionError for a step that there is not, or that is the goal.
    """
    counted = funnel(scope, unit=unit)
    steps = [_left(*pair) for pair in zip(counted["steps"], counted["steps"][1:], strict=False)]
    here = _chosen(steps, step)
    key = here["key"]
    asks: tuple[Callable[[], Any], ...] = (
        lambda: around(scope, Around(key, within, most), unit=unit),
        lambda: origins(scope, key, most=most, unit=unit),
        lambda: stake(scope, key, value, currency=currency, unit=unit),
    )
    beside, from_where, money = at_once(asks)
    return {
        **{name: counted[name] for name in ("journey", "name", "version", "unit", "from", "to", "as_of")},
        "segment": counted["segment"],
        "entered": counted["entered"],
        "step": key,
        "steps": [
            {
                **{name: one[name] for name in ("key", "name", "left")},
                "cells": {"left": f"here:left:{one['key']}"},
                "rate": _listed(one),
            }
            for one in steps
        ],
        "who": {
            **{name: {"n": here[name], "cell": f"here:{name}:{key}"} for name in HERE if name in here},
            "rate": _listed(here),
        },
        **beside,
        "origins": from_where,
        **money,
    }


def _left(step: Answer, following: Answer) -> dict[str, Any]:
    """How many left a step, of how many; the rest of the rate is that of those who went on."""
    left, reached, in_time = (
        step["dropped_here"] + step["failed_here"],
        step["progressed"],
        step["in_time_here"],
    )
    on = without_lists(following["rate_from_previous"])
    limits = (left / reached, (left + in_time) / reached) if reached else (None, None)
    at_least, at_most = (None if one is None else round(one, 6) for one in limits)
    return {
        "key": step["key"],
        "name": step["name"],
        "reached": reached,
        "left": left,
        "dropped": step["dropped_here"],
        "failed": step["failed_here"],
        "in_time": in_time,
        "went_on": following["progressed"],
        "rate": {**on, **rate(left, reached), "at_least": at_least, "at_most": at_most},
    }


def _listed(here: Answer) -> dict[str, Any]:
    """The rate of leaving a step with the lists behind its numbers."""
    reached = f"here:reached:{here['key']}"
    of_rate = {"n": reached, "in_time": f"here:in_time:{here['key']}", **spread_of(reached)}
    return {**here["rate"], "cells": of_rate}


def _chosen(steps: list[dict[str, Any]], key: str) -> dict[str, Any]:
    if not key:
        return max(steps, key=lambda one: int(one["left"]))
    for one in steps:
        if one["key"] == key:
            return one
    known = ", ".join(one["key"] for one in steps)
    raise DimensionError(
        tell(
            "nobody can leave at %(key)s; the steps before the goal are %(known)s", key=repr(key), known=known
        )
    )


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a number; raises ListError for a cell that there is not."""
    part, _, rest = cell.partition(":")
    if part == "origin":
        return dropoffs_origins.behind(scope, cell)
    if part == "valued":
        return dropoffs_stake.behind(scope, cell)
    if part != "here":
        return dropoffs_lists.behind(scope, cell)
    what, _, step = rest.partition(":")
    if what not in HERE or step not in scope.definition:
        raise ListError(
            tell("%(cell)s is no cell of drop-offs; take one from the report's answer", cell=repr(cell))
        )
    k = scope.definition.position(step)
    sql, said = HERE[what]
    return Which(sql, {"k": k}, of_step(scope.definition, k, tell(said)))


def other_labels(scope: Scope, cell: str, *, unit: str = "runs", most: int = 50) -> dict[str, Any]:
    """The labels or values that are together in Other, where the cell is of its runs: `total` and the first.

    Of each how many of these runs have it. As a row has those who left and those who went on, that may be
    none of them. No label where the cell is of another number. Raises ListError.
    """
    behind(scope, parted(cell)[1])
    part = cell.partition(":")[0].partition(".")[0]
    if part == "origin":
        return dropoffs_origins.other_values(scope, cell, unit=unit, most=most)
    if part in PARTS:
        return dropoffs_lists.other_labels(scope, cell, unit=unit, most=most)
    return {"total": 0, "labels": []}
