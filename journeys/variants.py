"""Variants: the different ways through the steps, by how often runs take them."""

from __future__ import annotations

from typing import Any

from journeys.cursors import ListError
from journeys.funnel import UNITS
from journeys.rates import run_rate
from journeys.report import Answer, Report, Table, Which
from journeys.scope import Scope
from journeys.statistics import known

WAY = "if(furthest = {goal:UInt8}, arrayPopBack(walked), walked)"
RATE = ("in_time", "at_least", "at_most", "customers", "half_by")
MEANINGS = {
    "variant": (
        "Runs with the same steps before the goal, in the same order. The goal is left out, so that its "
        "success rate says how many of those who went the way got there."
    ),
    "variants": "The most frequent ways before the goal.",
    "share": "How many of all runs are of the variant.",
    "cumulative": "The share of it and of all that are more frequent.",
    "success_rate": (
        "How many of the variant succeeded by now, with a 95 % Wilson interval; those in time may yet do so "
        "(`at_most`)."
    ),
    "median_seconds": "Half of its runs that succeeded took at most this long from start to goal.",
}


def variants(scope: Scope, *, unit: str = "runs", most: int = 20) -> dict[str, Any]:
    """The most frequent variants: share, cumulative share, success rate, median seconds to the goal.

    A variant is the way before the goal, so that its success rate says how many of those who went it got
    there. `unit` is as in the funnel.
    """
    goal = len(scope.definition.steps)
    asked = scope.ask("variants.listed", unit=unit, most=most, goal=goal, slots=lambda _: {"way": WAY})
    rows = scope.events.query(*asked)
    runs = rows[0]["runs"] if rows else 0
    keys = [step.key for step in scope.rule.steps]
    found, so_far = [], 0
    for row in rows:
        so_far += row["n"]
        spread = dict(zip(*row["spread"], strict=True))
        found.append(
            {
                "steps": [keys[k - 1] for k in row["way"]],
                "n": row["n"],
                "cell": ">".join(keys[k - 1] for k in row["way"]),
                "share": row["n"] / runs,
                "cumulative": so_far / runs,
                "success_rate": run_rate(row["succeeded"], row["n"], in_time=row["in_time"], spread=spread),
                "median_seconds": known(row["median"]),
            }
        )
    return {"unit": unit, "runs": runs, "variants": found}


def behind(scope: Scope, cell: str) -> Which:
    """The runs of a variant; raises ListError for what is none."""
    steps, names = cell.split(">"), {step.key: step.name for step in scope.rule.steps}
    if any(step not in names for step in steps):
        raise ListError(f"{cell!r} is no variant; take a cell from the report's answer")
    return Which(
        f"{WAY} = {{way:Array(UInt8)}}",
        {"goal": len(names), "way": [scope.rule.position(step) for step in steps]},
        f"Runs of the way “{' › '.join(names[step] for step in steps)}”",
    )


def table(answer: Answer) -> Table:
    """A row a variant."""
    return ("steps", "runs", "share", "cumulative", "success_rate", "median_seconds", "low", "high", *RATE), (
        (
            " > ".join(v["steps"]),
            *(v[name] for name in ("n", "share", "cumulative")),
            v["success_rate"]["value"],
            v["median_seconds"],
            *(v["success_rate"][k] for k in ("low", "high", *RATE)),
        )
        for v in answer["variants"]
    )


VARIANTS = Report(
    name="variants",
    title="Variants",
    says="The different ways through the steps, by how often runs take them, and how well they end.",
    answer=variants,
    table=table,
    meanings=MEANINGS,
    units=UNITS,
    behind=behind,
)
