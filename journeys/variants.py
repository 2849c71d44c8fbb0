"""Variants: the different ways through the steps, by how often runs take them."""

from __future__ import annotations

from typing import Any

from journeys.funnel import known
from journeys.rates import run_rate
from journeys.scope import Scope


def variants(scope: Scope, *, unit: str = "runs", most: int = 20) -> dict[str, Any]:
    """The most frequent variants: share, cumulative share, success rate, median seconds to the goal.

    A variant is the way before the goal, so that its success rate says how many of those who went it got
    there. `unit` is as in the funnel.
    """
    goal = len(scope.definition.steps)
    rows = scope.events.query(*scope.ask("variants.listed", unit=unit, most=most, goal=goal))
    runs = rows[0]["runs"] if rows else 0
    keys = [step.key for step in scope.definition.steps]
    found, so_far = [], 0
    for row in rows:
        so_far += row["n"]
        spread = dict(zip(*row["spread"], strict=True))
        found.append(
            {
                "steps": [keys[k - 1] for k in row["way"]],
                "n": row["n"],
                "share": row["n"] / runs,
                "cumulative": so_far / runs,
                "success_rate": run_rate(row["succeeded"], row["n"], in_time=row["in_time"], spread=spread),
                "median_seconds": known(row["median"]),
            }
        )
    return {"unit": unit, "runs": runs, "variants": found}
