"""Money at stake at a step: what those who left there might have been worth, had they gone on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeys.currencies import Valued, chosen, read_valued, valued_cell
from journeys.rates import rate
from journeys.report import Which
from journeys.scope import Scope
from journeys.stakes import PROPERTIES
from journeys.statistics import Estimate, known
from store.words import marked, tell

GROUPS = 1_000
RESAMPLES = 2_000
MOST = 200  # properties in their currencies that are suggested


def stake(
    scope: Scope, step: str, value: str = "", *, currency: str = "", unit: str = "runs"
) -> dict[str, Any]:
    """The `properties` that may tell what a success is worth, and the `money` by the one that is chosen.

    `value` names a property of the goal's event; without a name it is that of PROPERTIES which most successes
    carry, as on the overview. Amounts in one currency count, the most frequent where none is named.
    """
    told = _told(scope, [value] if value else list(PROPERTIES), unit)
    found = _summed(told)
    name = value or next((one for one in found if one in PROPERTIES), "")
    own = [{at: row[at] for at in ("currency", "n", "value")} for row in told if row["name"] == name]
    return {
        "properties": [{"property": one, "n": n} for one, n in found.items()],
        "money": _money(scope, step, name, own, chosen(own, currency), unit) if own else None,
    }


def _told(scope: Scope, names: list[str], unit: str) -> list[dict[str, Any]]:
    goal = scope.definition.steps[-1]
    rows = scope.events.query(
        *scope.ask("dropoffs_stake.properties", unit=unit, anchor=goal, names=names, most=MOST)
    )
    return [{**row, "value": round(row["value"], 6)} for row in rows]


def _summed(told: list[dict[str, Any]]) -> dict[str, int]:
    """By property how many successes carry it as a number, in whatever currency."""
    found: dict[str, int] = {}
    for row in told:
        found[row["name"]] = found.get(row["name"], 0) + row["n"]
    return found


def _money(
    scope: Scope, step: str, value: str, told: list[dict[str, Any]], currency: str, unit: str
) -> dict[str, Any] | None:
    """Those who left × the success rate of those who went on × the mean value of a success."""
    k, goal = scope.definition.position(step), scope.definition.steps[-1]
    bound: dict[str, Any] = {"value": value, "currency": currency, "k": k, "groups": GROUPS}
    asked = scope.ask("dropoffs_stake.groups", unit=unit, anchor=goal, **bound)
    names = ("left_here", "went_on", "succeeded", "valued", "value")
    rows = scope.events.query(*asked)
    sums = {name: sum(row[name] for row in rows) for name in names}
    if not sums["valued"]:
        return None
    found = at_stake(
        np.array([[row[name] for name in ("left_here", "went_on", "value")] for row in rows], float)
    )
    return {
        "property": value,
        "currency": bound["currency"],
        "currencies": told,
        **{name: int(sums[name]) for name in names[1:4]},
        "left": int(sums["left_here"]),
        "cells": {
            "left": f"here:left:{step}",
            "went_on": f"here:went_on:{step}",
            "succeeded": f"here:succeeded:{step}",
            "valued": valued_cell(value, currency),
        },
        "success_rate": rate(int(sums["succeeded"]), int(sums["went_on"])),
        "mean_value": round(sums["value"] / sums["succeeded"], 6),
        "value": round(float(found.value), 2),
        "low": known(round(float(found.low), 2)),
        "high": known(round(float(found.high), 2)),
    }


def behind(scope: Scope, cell: str) -> Which:
    """The runs whose success tells its worth by a property; raises ListError."""
    return with_value(scope, read_valued(cell, marked("drop-offs")))


def with_value(scope: Scope, told: Valued) -> Which:
    """The runs whose success tells its worth by a property, in a currency."""
    goal = scope.definition.steps[-1]
    sql, values = scope.ask("dropoffs_stake.valued", anchor=goal, value=told.property, currency=told.currency)
    title = tell("Succeeded with a number in “%(property)s”", property=told.property)
    return Which(f"outcome = 'succeeded' and event_ids[-1] in ({sql})", values, title)


def at_stake(groups: NDArray[np.float64], *, seed: int = 0) -> Estimate:
    """Left × value of those who went on ÷ how many went on, of (left, went on, value) by random group.

    Success rate × mean value is the value by who went on. The groups are drawn again with replacement, whole
    (Efron 1979, percentile interval), so that what belongs to one customer stays together; `seed` makes it
    repeatable. No interval is known of a single group.
    """
    n = len(groups)
    if n < 2:
        return Estimate(_product(groups.sum(axis=0)), np.asarray(np.nan), np.asarray(np.nan))
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES) @ groups
    low, high = np.nanquantile(_product(drawn), [0.025, 0.975])
    return Estimate(_product(groups.sum(axis=0)), np.asarray(low), np.asarray(high))


def _product(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    left, on, value = sums[..., 0], sums[..., 1], sums[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(on > 0, left * value / on, np.nan))
