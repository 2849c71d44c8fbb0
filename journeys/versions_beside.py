"""Two funnels side by side, of versions or of a draft: steps by their keys, and the differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeys.funnel import OUTCOMES, without_lists
from journeys.rates import rate
from journeys.report import Answer, under

Side = Mapping[str, Any]
NO_LISTS = (None, None)


def beside(this: Answer, other: Answer | None, *, lists: Sequence[str | None] = NO_LISTS) -> Answer:
    """Both funnels; `lists` says of each what its cells have before them, if its numbers name their lists.

    Where either is in any order, a step counts those that took it; else those that came to it or beyond.
    """
    both = [this] if other is None else [this, other]
    took = any(one["order"] == "any" for one in both)
    sides = [_side(one, before) for one, before in zip(both, lists, strict=False)]
    steps = [_steps(one, before, took=took) for one, before in zip(both, lists, strict=False)]
    return {
        "took": took,
        "this": sides[0],
        "other": sides[1] if other else None,
        "difference": _difference(*sides) if other else None,
        "steps": [_step(key, *steps) for key in _in_order(steps)],
    }


def _side(found: Answer, before: str | None) -> dict[str, Any]:
    return {
        **{name: found[name] for name in ("version", "order", "entered", "outcomes")},
        "success_rate": _listed(found["success_rate"], before),
        **_cells(found["cells"], before),
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


def _steps(found: Answer, before: str | None, *, took: bool) -> dict[str, dict[str, Any]]:
    """What is known of each step, by its key."""
    entered = {"cells": {"n": found["cells"]["entered"]}}
    if found["order"] == "any":
        told = [(one, one["n"], one["cell"], {**one["share"], **entered}) for one in found["taken"]]
    elif took:
        told = [
            (
                *(one, one["visited"], one["cells"]["visited"]),
                {**rate(one["visited"], found["entered"]), **entered},
            )
            for one in found["steps"]
        ]
    else:
        told = [
            (one, one["progressed"], one["cells"]["progressed"], one["rate_from_start"])
            for one in found["steps"]
        ]
    return {
        step["key"]: {
            "name": step["name"],
            "n": n,
            **({} if before is None else {"cell": under(before, cell)}),
            "share": _listed(share, before),
        }
        for step, n, cell, share in told
    }


def _listed(share: Mapping[str, Any], before: str | None) -> dict[str, Any]:
    """A rate with the lists of this side, if it has any."""
    return {**without_lists(share), **_cells(share["cells"], before)}


def _cells(cells: Mapping[str, Any], before: str | None) -> dict[str, Any]:
    """The cells of a funnel as those of a side."""
    return {} if before is None else {"cells": _under(before, cells)}


def _under(before: str, cells: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: under(before, one) if isinstance(one, str) else _under(before, one)
        for name, one in cells.items()
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
