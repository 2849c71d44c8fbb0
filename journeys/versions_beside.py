"""Two funnels side by side, of versions or of a draft: steps by their keys, and the differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeys.funnel import OUTCOMES, without_lists
from journeys.rates import rate
from journeys.report import Answer

Side = Mapping[str, Any]


def beside(this: Answer, other: Answer | None, *, has_lists: bool = True) -> Answer:
    """Both funnels; with `has_lists` the numbers of the first name their lists.

    Where either is in any order, a step counts those that took it; else those that came to it or beyond.
    """
    both = [this] if other is None else [this, other]
    took = any(one["order"] == "any" for one in both)
    sides = [_side(one, has_lists=has_lists and one is this) for one in both]
    steps = [_steps(one, took=took, has_lists=has_lists and one is this) for one in both]
    return {
        "took": took,
        "this": sides[0],
        "other": sides[1] if other else None,
        "difference": _difference(*sides) if other else None,
        "steps": [_step(key, *steps) for key in _in_order(steps)],
    }


def _side(found: Answer, *, has_lists: bool) -> dict[str, Any]:
    return {
        **{name: found[name] for name in ("version", "order", "entered", "outcomes")},
        "success_rate": found["success_rate"] if has_lists else without_lists(found["success_rate"]),
        **({"cells": found["cells"]} if has_lists else {}),
        "median_seconds": found["seconds_to_goal"]["median"],
    }


def _difference(this: Side, other: Side) -> dict[str, Any]:
    """The first less the second. Both are of the same events: there is no chance between them."""
    return {
        "entered": this["entered"] - other["entered"],
        "outcomes": {how: this["outcomes"][how] - other["outcomes"][how] for how in OUTCOMES},
        "success_rate": _less(this["success_rate"]["value"], other["success_rate"]["value"]),
        "median_seconds": _less(this["median_seconds"], other["median_seconds"]),
    }


def _steps(found: Answer, *, took: bool, has_lists: bool) -> dict[str, dict[str, Any]]:
    """What is known of each step, by its key."""
    if found["order"] == "any":
        told = [(one, one["n"], one["cell"], one["share"]) for one in found["taken"]]
    elif took:
        told = [
            (one, one["visited"], one["cells"]["visited"], rate(one["visited"], found["entered"]))
            for one in found["steps"]
        ]
    else:
        told = [
            (one, one["progressed"], one["cells"]["progressed"], without_lists(one["rate_from_start"]))
            for one in found["steps"]
        ]
    return {
        step["key"]: {"name": step["name"], "n": n, **({"cell": cell} if has_lists else {}), "share": share}
        for step, n, cell, share in told
    }


def _step(key: str, these: Mapping[str, Side], others: Mapping[str, Side] | None = None) -> dict[str, Any]:
    this, other = these.get(key), (others or {}).get(key)
    apart = None
    if this and other:
        share = _less(this["share"]["value"], other["share"]["value"])
        apart = {"n": this["n"] - other["n"], "share": share}
    name = (this or other or {})["name"]
    return {"key": key, "name": name, "this": this, "other": other, "difference": apart}


def _in_order(sides: Sequence[Mapping[str, Side]]) -> list[str]:
    """The keys of all steps: each of those that are gone stands behind the step that it followed."""
    keys, place = list(sides[0]), 0
    for key in (key for side in sides[1:] for key in side):
        if key not in keys:
            keys.insert(place, key)
        place = keys.index(key) + 1
    return keys


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round(one - other, 6)
