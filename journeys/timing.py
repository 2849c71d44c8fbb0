"""Timing: how long runs take between steps and to the goal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from journeys.cursors import ListError
from journeys.funnel import UNITS
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, Report, Table, Which
from journeys.scope import Scope
from journeys.segments import ATTRIBUTES
from store.words import decimal, tell

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
EDGES = [
    *(0.0, 10.0, 30.0, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
    *(60 * DAY, 120 * DAY, 365 * DAY),
]
GOAL = ("outcome = 'succeeded'", "(last - start) / 1000")
STEP = (
    "indexOf(steps, {k:UInt8}) > 1",
    "(toUnixTimestamp64Milli(times[indexOf(steps, {k:UInt8})])"
    " - toUnixTimestamp64Milli(times[indexOf(steps, {k:UInt8}) - 1])) / 1000",
)
MEANINGS = {
    "goal": "From the start to the goal, of the runs that succeeded.",
    "steps": "From the step that the run took before, of the runs that took the step.",
    "histogram": (
        "How many took at least `from` and less than `to` seconds; the spans grow with time, and those of "
        "which there is none are left out."
    ),
    "n": (
        "Runs that came. Those that may still come are not among them, so times are too short while there "
        "are such: see `survival`."
    ),
}


def timing(scope: Scope, *, unit: str = "runs") -> Answer:
    """Median, 90th percentile and histogram, in seconds, to the goal and to each step from the one before.

    Only runs that reached the step (or the goal) count; `n` says how many. `unit` is as in the funnel.
    """
    rows = {
        row["step"]: row for row in scope.events.query(*scope.ask("timing.steps", unit=unit, edges=EDGES))
    }
    steps = [
        {"key": step.key, "name": step.name, **_spread(f"step:{step.key}", rows.get(k))}
        for k, step in enumerate(scope.definition.steps, 1)
        if k > 1
    ]
    return {"unit": unit, "goal": _spread("goal:", rows.get(0)), "steps": steps}


def _spread(cell: str, row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"n": 0, "cell": f"{cell}:", "median": None, "p90": None, "histogram": []}
    bars = zip(*row["histogram"], strict=True)
    histogram = [
        {"from": low, "to": UPPER[low], "n": int(n), "cell": f"{cell}:{EDGES.index(low)}"} for low, n in bars
    ]
    return {
        "n": row["n"],
        "cell": f"{cell}:",
        "median": row["median"],
        "p90": row["p90"],
        "histogram": histogram,
    }


UPPER = dict(pairwise([*EDGES, None]))


def behind(scope: Scope, cell: str) -> Which:
    """The runs that came, or those of a bar; raises ListError for what is no cell."""
    what, _, rest = cell.partition(":")
    key, _, bar = rest.rpartition(":")
    edges = {str(at): edge for at, edge in enumerate(EDGES)}
    is_step = what == "step" and key in scope.definition
    if not (is_step or (what == "goal" and not key)) or not (bar in edges or bar == ""):
        raise ListError(
            tell("%(cell)s is no cell of timing; take one from the report's answer", cell=repr(cell))
        )
    came, seconds = STEP if is_step else GOAL
    bound: dict[str, Any] = {"k": scope.definition.position(key)} if is_step else {}
    name = f"“{scope.definition.steps[bound['k'] - 1].name}”" if is_step else tell("The goal")
    if bar == "":
        return Which(came, bound, tell("%(name)s: came", name=name))
    low, high = edges[bar], UPPER[edges[bar]]
    bound |= {"low": low, "high": high or 1e18}
    spent = f"{seconds} >= {{low:Float64}} and {seconds} < {{high:Float64}}"
    took = {"name": name, "low": decimal(low)}
    title = (
        tell("%(name)s: took at least %(low)s s and less than %(high)s s", **took, high=decimal(high))
        if high
        else tell("%(name)s: took at least %(low)s s", **took)
    )
    return Which(f"{came} and {spent}", bound, title)


def table(answer: Answer) -> Table:
    """A row a bar of every histogram, with the number, median and 90th percentile of the whole."""
    return ("step", "name", "runs", "median_seconds", "p90_seconds", "from_seconds", "to_seconds", "n"), (
        (key, name, part["n"], part["median"], part["p90"], bar["from"], bar["to"], bar["n"])
        for key, name, part in _parts(answer)
        for bar in part["histogram"]
    )


def _parts(answer: Answer) -> Iterator[tuple[str, str, Answer]]:
    yield "goal", "To the goal", answer["goal"]
    yield from ((step["key"], step["name"], step) for step in answer["steps"])


TIMING = Report(
    name="timing",
    title="Timing",
    says="How long runs take from step to step and to the goal.",
    answer=timing,
    table=table,
    meanings=MEANINGS,
    units=UNITS,
    behind=behind,
    beside=(PERIOD, OTHER_SEGMENT),
    dimensions=ATTRIBUTES,
)
