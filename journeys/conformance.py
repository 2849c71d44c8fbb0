"""Conformance: where runs differ from the journey as it is drawn, and what becomes of those that do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from journeys.apart import apart
from journeys.conformance_lists import ALL, AMONG, FIRST, Whose
from journeys.deviations import CODES, before, possible
from journeys.rates import rate
from journeys.report import Answer
from journeys.scope import Scope
from journeys.statistics import FEWEST, Estimate, Z, difference_of_medians, known

# SQL of whether a run is its customer's first of the period; where others are left out, too, runs are sorted.
BY_PERIOD = "number = 1 or previous < {start:Int64}"
BY_ORDER = "row_number() over (partition by customer order by start, number) = 1"
LIMITS = ("value", "low", "high")


def conformance(scope: Scope, *, unit: str) -> Answer:
    """Deviations of the runs from the journey, the most frequent first; times in seconds.

    Every deviation is compared with the comparable runs that do not have it; a run may have several.
    """
    steps = scope.definition.steps
    rows = scope.events.query(
        *scope.ask(
            "conformance.deviations",
            unit=unit,
            slots=lambda _: {"is_first": BY_ORDER if scope.segment or unit != "runs" else BY_PERIOD},
            befores=[before(steps, k) for k in range(1, len(steps) + 1)],
            z=Z,
            codes=[100 * CODES[kind] + k for kind, k in possible(scope.rule)],
            **CODES,
        )
    )
    found = {(row["code"], bool(row["deviates"])): row for row in rows}
    pairs = [
        (kind, k, found[code, True], found.get((code, False), NONE))
        for kind, k in possible(scope.rule)
        if (code := 100 * CODES[kind] + k, True) in found
    ]
    differences = _differences([pair[2:] for pair in pairs])
    told = [
        _told(Whose(kind, steps[k - 1].key if k else None, unit), some, others, apart_)
        for (kind, k, some, others), apart_ in zip(pairs, differences, strict=True)
    ]
    return {
        "runs": sum(found[code, has]["n"] for code, has in found if code == 100 * CODES["fits"]),
        "unit": unit,
        "fits": next((one for one in told if one["kind"] == "fits"), None),
        "deviations": sorted((one for one in told if one["kind"] != "fits"), key=lambda one: -one["n"]),
        "never": [
            _never(Whose(kind, steps[k - 1].key if k else None, unit), found[code, False]["n"])
            for kind, k in possible(scope.rule)
            if (code := 100 * CODES[kind] + k, True) not in found and (code, False) in found
        ],
    }


NONE: Mapping[str, Any] = {
    **dict.fromkeys(("n", "succeeded", "in_time", "firsts", "firsts_succeeded"), 0),
    **dict.fromkeys(("median", "firsts_median", "firsts_low", "firsts_high"), float("nan")),
}


def _differences(pairs: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """By how much the success rates differ, over first runs of customers; one family of tests."""
    columns = [
        [pair[side][name] for pair in pairs] for side in (0, 1) for name in ("firsts_succeeded", "firsts")
    ]
    return [
        {**found, "customers": some["firsts"], "customers_otherwise": others["firsts"]}
        for found, (some, others) in zip(apart(*columns), pairs, strict=True)
    ]


def _told(
    of: Whose,
    some: Mapping[str, Any],
    others: Mapping[str, Any],
    difference: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "kind": of.kind,
        "step": of.step,
        "n": some["n"],
        "cell": of.cell,
        "cells": {"in_time": of.some("in_time")},
        "succeeded": {"n": some["succeeded"], "cell": of.some("succeeded")},
        "share": {**rate(some["n"], some["n"] + others["n"]), "cells": {"n": of.some(AMONG)}},
        "success_rate": rate(some["succeeded"], some["n"]),
        "success_rate_otherwise": {
            **rate(others["succeeded"], others["n"]),
            "cells": {"n": of.some(f"other_{ALL}")},
        },
        "difference": {**difference, "cells": of.customers(FIRST)},
        "in_time": some["in_time"],
        "median_seconds": known(some["median"]),
        "median_seconds_otherwise": known(others["median"]),
        "seconds_more": {**_longer(some, others), "cells": of.customers(f"{FIRST}_won")},
    }


def _never(of: Whose, n: int) -> dict[str, Any]:
    return {"kind": of.kind, "step": of.step, "of": n, "cells": {"of": of.some(AMONG)}}


def _longer(some: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """How much longer those took to the goal, over first runs of customers that succeeded."""
    medians = (
        Estimate(*(np.asarray(one[f"firsts_{name}"]) for name in ("median", "low", "high")))
        for one in (some, others)
    )
    found = difference_of_medians(*medians)
    n = some["firsts_succeeded"], others["firsts_succeeded"]
    return {
        **{name: known(round(float(getattr(found, name)), 3)) for name in LIMITS},
        "customers": n[0],
        "customers_otherwise": n[1],
        "small": min(n) < FEWEST,
    }
