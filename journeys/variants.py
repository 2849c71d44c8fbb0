"""Variants: the different ways through the steps, by how often runs take them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from journeys.cursors import ListError
from journeys.funnel import UNITS
from journeys.rates import may_rise, rate, run_rate
from journeys.report import OTHER_SEGMENT, PERIOD, Answer, Report, Table, Which, spread_of
from journeys.scope import Scope
from journeys.statistics import known
from store.words import marked, tell

# SQL of a run's way before the goal, and of the same as text.
WAY = "if(furthest = {goal:UInt8}, arrayPopBack(walked), walked)"
AS_TEXT = f"arrayStringConcat({WAY}, '.')"
OTHER = "other:"  # before the unit and how many ways are shown: the cell of all that are not
RATE = ("in_time", "at_least", "at_most", "customers", "half_by")
MEANINGS = {
    "variant": (
        "Runs with the same steps before the goal, in the same order. The goal is left out, so that its "
        "success rate says how many of those who went the way got there."
    ),
    "variants": "The most frequent ways before the goal.",
    "other": (
        "All ways that are not shown, together: their runs, and how many of these succeeded. Whose these "
        "runs are is not counted, so nothing warns where they are of few customers."
    ),
    "ways": (
        "How many different ways are not shown; `variants/other`, asked with the `cell` beside it, has their "
        "steps and how many runs have each."
    ),
    "succeeded": "Runs of the variant that reached the goal.",
    "share": "How many of all runs are of the variant, with its 95 % Wilson interval.",
    "cumulative": "The share of it and of all that are more frequent, with its interval.",
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
    rows = _rows(scope, unit, most)
    runs = rows[0]["runs"] if rows else 0
    found, so_far = [], 0
    for row in rows:
        so_far += row["n"]
        spread = dict(zip(*row["spread"], strict=True))
        found.append(
            {
                "steps": (steps := _keys(scope, row["way"])),
                "n": row["n"],
                "cell": (way := ">".join(steps)),
                "succeeded": {"n": row["succeeded"], "cell": f"succeeded:{way}"},
                "share": rate(row["n"], runs),
                "cumulative": rate(so_far, runs),
                "success_rate": {
                    **run_rate(row["succeeded"], row["n"], in_time=row["in_time"], spread=spread),
                    "cells": {"n": way, "in_time": f"in_time:{way}", **spread_of(way)},
                },
                "median_seconds": known(row["median"]),
            }
        )
    won = (rows[0]["all_succeeded"] if rows else 0) - sum(one["succeeded"]["n"] for one in found)
    still = (rows[0]["all_in_time"] if rows else 0) - sum(row["in_time"] for row in rows)
    other = {
        "ways": rows[0]["ways"] - len(rows) if rows else 0,
        "n": runs - so_far,
        "cell": (others := f"{OTHER}{unit}:{most}"),
        "succeeded": {"n": won, "cell": f"succeeded:{others}"},
        "share": rate(runs - so_far, runs),
        "success_rate": {
            **may_rise(won, runs - so_far, in_time=still),
            "cells": {"n": others, "in_time": f"in_time:{others}"},
        },
    }
    return {"unit": unit, "runs": runs, "variants": found, "other": other}


def other_ways(scope: Scope, cell: str, *, most: int = 50) -> dict[str, Any]:
    """The ways that are together in Other, where the cell is of its runs: `total`, and the most frequent.

    Of each how many runs have it. No way where the cell is of another number. Raises ListError.
    """
    if not cell.startswith(OTHER):
        return {"total": 0, "ways": []}
    unit, shown = _read_other(cell)
    rows = _rows(scope, unit, most, skipped=shown)
    steps = [_keys(scope, row["way"]) for row in rows]
    return {
        "total": rows[0]["ways"] - shown if rows else 0,
        "ways": [
            {"steps": way, "n": row["n"], "cell": ">".join(way)} for way, row in zip(steps, rows, strict=True)
        ],
    }


def _keys(scope: Scope, way: Iterable[int]) -> list[str]:
    return [scope.rule.steps[k - 1].key for k in way]


def _rows(scope: Scope, unit: str, most: int, *, skipped: int = 0) -> list[dict[str, Any]]:
    about: dict[str, Any] = {"unit": unit, "most": most, "skipped": skipped}
    goal = len(scope.definition.steps)
    asked = scope.ask("variants.listed", goal=goal, slots=lambda _: {"way": WAY}, **about)
    return scope.events.query(*asked)


# What a list has of a way, and of all that are not shown, by the outcome for which it stands.
OF = {
    "": marked("Runs of the way “%(way)s”"),
    "succeeded": marked("Runs that succeeded of the way “%(way)s”"),
    "in_time": marked("Runs in time of the way “%(way)s”"),
}
OF_OTHERS = {
    "": marked("Runs of all other ways"),
    "succeeded": marked("Runs that succeeded of all other ways"),
    "in_time": marked("Runs in time of all other ways"),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs of a variant, or of all that are not shown; raises ListError for what is none."""
    outcome, colon, rest = cell.partition(":")
    if not (outcome and colon and outcome in OF):
        outcome, rest = "", cell
    which = f"outcome = '{outcome}'" if outcome else "1"
    if rest.startswith(OTHER):
        return _others(scope, rest, which, OF_OTHERS[outcome])
    steps, names = rest.split(">"), {step.key: step.name for step in scope.rule.steps}
    if any(step not in names for step in steps):
        raise ListError(tell("%(cell)s is no variant; take a cell from the report's answer", cell=repr(cell)))
    return Which(
        f"{which} and {AS_TEXT} = {{way:String}}",
        {"goal": len(names), "way": _text(scope.rule.position(step) for step in steps)},
        tell(OF[outcome], way=" › ".join(names[step] for step in steps)),
    )


def _others(scope: Scope, cell: str, which: str, said: str) -> Which:
    shown = [_text(row["way"]) for row in _rows(scope, *_read_other(cell))]
    return Which(
        f"{which} and {AS_TEXT} not in {{shown:Array(String)}}",
        {"goal": len(scope.definition.steps), "shown": shown},
        tell(said),
    )


def _read_other(cell: str) -> tuple[str, int]:
    """By what is counted, and how many ways are shown; raises ListError."""
    _, unit, most = [*cell.split(":"), "", ""][:3]
    if unit not in UNITS or not most.isdigit():
        raise ListError(
            tell("%(cell)s is no cell of variants; take one from the report's answer", cell=repr(cell))
        )
    return unit, int(most)


def _text(way: Iterable[int]) -> str:
    return ".".join(map(str, way))


def table(answer: Answer) -> Table:
    """A row a variant, then all others together."""
    head = ("steps", "runs", "share", "cumulative", "success_rate", "median_seconds", "low", "high", *RATE)
    limits = ("share_low", "share_high", "cumulative_low", "cumulative_high")
    rows: list[tuple[Any, ...]] = [
        (
            " > ".join(v["steps"]),
            *(v["n"], v["share"]["value"], v["cumulative"]["value"]),
            v["success_rate"]["value"],
            v["median_seconds"],
            *(v["success_rate"][k] for k in ("low", "high", *RATE)),
            v["succeeded"]["n"],
            *(v[name][end] for name in ("share", "cumulative") for end in ("low", "high")),
        )
        for v in answer["variants"]
    ]
    if answer["other"]["n"]:
        rows.append(_other_row(answer["other"]))
    return (*head, "succeeded", *limits), rows


def _other_row(other: Answer) -> tuple[Any, ...]:
    share, success = other["share"], other["success_rate"]
    return (
        *(
            "(other)",
            other["n"],
            share["value"],
            1.0,
            success["value"],
            None,
            success["low"],
            success["high"],
        ),
        *(success["in_time"], *[None] * (len(RATE) - 1), other["succeeded"]["n"]),
        *(share["low"], share["high"], None, None),
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
    beside=(PERIOD, OTHER_SEGMENT),
)
