"""Timing: how long runs take between steps and to the goal."""

from __future__ import annotations

from typing import Any

from journeys.scope import Scope

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
EDGES = [
    *(0.0, 10.0, 30.0, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
    *(60 * DAY, 120 * DAY, 365 * DAY),
]


def timing(scope: Scope, *, unit: str = "runs") -> dict[str, Any]:
    """Median, 90th percentile and histogram, in seconds, to the goal and to each step from the one before.

    Only runs that reached the step (or the goal) count; `n` says how many. `unit` is as in the funnel.
    """
    rows = {
        row["step"]: row for row in scope.events.query(*scope.ask("timing.steps", unit=unit, edges=EDGES))
    }
    steps = [
        {"key": step.key, "name": step.name, **_spread(rows.get(k))}
        for k, step in enumerate(scope.definition.steps, 1)
        if k > 1
    ]
    return {"unit": unit, "goal": _spread(rows.get(0)), "steps": steps}


def _spread(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"n": 0, "median": None, "p90": None, "histogram": []}
    buckets, counts = row["histogram"]
    upper = dict(zip(EDGES, [*EDGES[1:], None], strict=True))
    histogram = [{"from": low, "to": upper[low], "n": int(n)} for low, n in zip(buckets, counts, strict=True)]
    return {"n": row["n"], "median": row["median"], "p90": row["p90"], "histogram": histogram}
