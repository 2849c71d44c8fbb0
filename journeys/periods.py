"""Two periods side by side: how far the runs of each had come when they were equally old."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from journeys.aged import is_young, taken
from journeys.apart import apart
from journeys.change_asked import SIDES, Asked, asked_of
from journeys.period import iso
from journeys.rates import rate
from journeys.report import Answer
from journeys.scope import Scope
from journeys.statistics import known

Row = Mapping[str, Any]
NOBODY: Row = {"young": 0, "came": 0, "median": float("nan")}


def periods(scope: Scope, *, before_from: str = "", before_to: str = "", age: str = "") -> Answer:
    """The steps of the runs of a period beside those of another, of the one before where none is named.

    Runs of both are looked at when they were equally old (`age`), so nobody counts as lost because there was
    no time yet; who is not that old is `young` and left out. Times in seconds. Raises PeriodError,
    DimensionError.
    """
    asked = asked_of(scope, "", before_from, before_to, age)
    both = {"before": asked.before, "now": scope.period}
    rows = _counted(scope, asked)
    steps = _steps(scope, asked, rows)
    return {
        **scope.head("runs"),
        "age": {"seconds": asked.age / 1000, "given": bool(age)},
        **{
            side: {
                "from": iso(both[side].start),
                "to": iso(both[side].end),
                "entered": {"n": rows[side][0]["came"], "cell": asked.cell(side, "entered")},
                "young": {"n": rows[side][0]["young"], "cell": asked.cell(side, "young")},
                "success_rate": steps[-1][side]["rate_from_start"],
            }
            for side in SIDES
        },
        "change": steps[-1]["difference"],
        "steps": steps,
    }


def _counted(scope: Scope, asked: Asked) -> dict[str, list[Row]]:
    """What is counted of each period, a row a step; all that are old enough came to the first."""
    sql, values = replace(scope, period=asked.both(scope.period)).ask(
        "periods.counted",
        slots=lambda _params: {"is_young": is_young(), "taken": taken()},
        **asked.bound(scope.period),
    )
    found = {(row["is_new"], row["k"]): row for row in scope.events.query(sql, values)}
    steps = range(1, len(scope.definition.steps) + 1)
    return {side: [found.get((is_new, k), NOBODY) for k in steps] for is_new, side in enumerate(SIDES)}


def _steps(scope: Scope, asked: Asked, rows: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
    """Each step on both sides; the differences of all steps after the first are one family of tests."""
    apart_of = [None, *_apart(rows, lambda _k: 0)]
    from_previous = [None, *_apart(rows, lambda k: k - 1)]
    return [
        {
            "key": step.key,
            "name": step.name,
            **{side: _side(asked, side, rows[side], k) for side in SIDES},
            "difference": apart_of[k],
            "difference_from_previous": from_previous[k],
        }
        for k, step in enumerate(scope.definition.steps)
    ]


def _side(asked: Asked, side: str, rows: Sequence[Row], k: int) -> dict[str, Any]:
    row, target = rows[k], replace(asked, target=k + 1)
    cell = target.cell(side, "succeeded") if k else asked.cell(side, "entered")
    return {
        "came": {"n": row["came"], "cell": cell},
        "rate_from_start": rate(row["came"], rows[0]["came"]),
        "rate_from_previous": rate(row["came"], rows[k - 1]["came"]) if k else None,
        "median_seconds": known(row["median"]),
    }


def _apart(
    rows: Mapping[str, Sequence[Row]], base: Callable[[int], int]
) -> Sequence[Mapping[str, float | None]]:
    """How far the rates of now are from those of before, of the steps after the first."""
    later = range(1, len(rows["now"]))
    counts = [[rows[side][k]["came"] for k in later] for side in ("now", "before")]
    bases = [[rows[side][base(k)]["came"] for k in later] for side in ("now", "before")]
    return apart(counts[0], bases[0], counts[1], bases[1])
