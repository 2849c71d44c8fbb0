"""Variants: the different ways through the steps, by how often runs take them."""

from __future__ import annotations

from typing import Any

from journeys.funnel import known
from journeys.rates import rate
from journeys.scope import Scope


def variants(scope: Scope, *, most: int = 20) -> dict[str, Any]:
    """The most frequent variants: share, cumulative share, success rate, median seconds to the goal."""
    rows = scope.events.query(*scope.ask("variants.listed", most=most))
    runs = rows[0]["runs"] if rows else 0
    keys = [step.key for step in scope.definition.steps]
    found, so_far = [], 0
    for row in rows:
        so_far += row["n"]
        found.append(
            {
                "steps": [keys[k - 1] for k in row["steps"]],
                "n": row["n"],
                "share": row["n"] / runs,
                "cumulative": so_far / runs,
                "success_rate": rate(row["succeeded"], row["n"]),
                "median_seconds": known(row["median"]),
            }
        )
    return {"runs": runs, "variants": found}
