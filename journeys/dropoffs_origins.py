"""Where those who leave a step came from: how often each channel, device and so on leaves there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journeys.apart import apart
from journeys.cursors import ListError
from journeys.dimensions import OF_RUN
from journeys.dropoffs_around import shown
from journeys.lists import ALL
from journeys.rates import rate
from journeys.report import Which
from journeys.scope import Scope
from journeys.statistics import is_small
from journeys.value_words import called
from store.words import marked, tell

LEFT = "furthest = {k:UInt8} and outcome in ('dropped', 'failed')"
REACHED = "furthest >= {k:UInt8}"
IN_TIME = "furthest = {k:UInt8} and outcome = 'in_time'"
WHICH = {
    "left": (LEFT, marked("left here")),
    "reached": (REACHED, marked("reached")),
    "in_time": (IN_TIME, marked("in time here")),
}
Row = Mapping[str, Any]


def origins(scope: Scope, step: str, *, most: int, unit: str = "runs") -> list[dict[str, Any]]:
    """For each dimension of a run's start its values, each compared with all others: one family of tests."""
    rows = _counted(scope, step, most=most, unit=unit)
    rows = [row for name in OF_RUN for row in rows if row["dimension"] == name]
    reached, left = ([row[name] for row in rows] for name in ("reached", "left_here"))
    whole = {row["dimension"]: (0, 0) for row in rows}
    for row in rows:
        came, gone = whole[row["dimension"]]
        whole[row["dimension"]] = (came + row["reached"], gone + row["left_here"])
    others = [whole[row["dimension"]] for row in rows]
    found = apart(
        left,
        reached,
        [gone - row["left_here"] for row, (_, gone) in zip(rows, others, strict=True)],
        [came - row["reached"] for row, (came, _) in zip(rows, others, strict=True)],
    )
    told = [
        (
            row["dimension"],
            {**_told(step, row, rows), "others": _less(whole[row["dimension"]], row), "against_rest": one},
        )
        for row, one in zip(rows, found, strict=True)
    ]
    return [
        {"dimension": name, "groups": [group for dimension, group in told if dimension == name]}
        for name in whole
    ]


def _counted(scope: Scope, step: str, *, most: int, unit: str) -> list[dict[str, Any]]:
    k = scope.definition.position(step)
    return scope.events.query(*scope.ask("dropoffs_origins.counted", unit=unit, k=k, most=most))


def other_values(scope: Scope, cell: str, *, unit: str, most: int) -> dict[str, Any]:
    """The values that are together in Other, each with how many of the runs it has, the most first.

    `total` says how many there are, whether or not one of these has each. No value for a cell of another row.
    """
    _, what, step, dimension, kind, rest = [*cell.split(":", 5), ""][:6]
    if kind != "other":
        return {"total": 0, "labels": []}
    alone, n = rest.split("."), {"left": "left_here"}.get(what, what)
    rows = [
        row
        for row in _counted(scope, step, most=ALL, unit=unit)
        if row["dimension"] == dimension and row["kind"] == "value" and row["hash"] not in alone
    ]
    return {
        "total": len(rows),
        "labels": [
            {
                "label": row["name"],
                "n": row[n],
                "cell": f"origin:{what}:{step}:{dimension}:value:{row['name']}",
            }
            for row in sorted(rows, key=lambda row: -int(row[n]))[:most]
        ],
    }


def _less(whole: tuple[int, int], row: Row) -> dict[str, int]:
    """All others of a dimension that reached the step, and how many of them left."""
    return {"reached": whole[0] - row["reached"], "left": whole[1] - row["left_here"]}


def _told(step: str, row: Row, rows: Sequence[Row]) -> dict[str, Any]:
    share = rate(row["left_here"], row["reached"])
    rest = row["name"]
    if row["kind"] == "other":
        rest = shown(one for one in rows if one["dimension"] == row["dimension"])
    cell = f"{row['dimension']}:{row['kind']}:{rest}"
    return {
        "kind": row["kind"],
        "value": row["name"] if row["kind"] == "value" else None,
        "different": row["different"] if row["kind"] == "other" else None,
        "reached": {"n": row["reached"], "cell": f"origin:reached:{step}:{cell}"},
        "left": {"n": row["left_here"], "cell": f"origin:left:{step}:{cell}"},
        "in_time": row["in_time"],
        "cells": {"in_time": f"origin:in_time:{step}:{cell}"},
        "rate": share,
        "small": bool(is_small(row["reached"], share["low"] or 0, share["high"] or 0)),
    }


def behind(scope: Scope, cell: str) -> Which:
    """The runs of a value that left the step or reached it; raises ListError."""
    _, what, step, dimension, kind, rest = [*cell.split(":", 5), "", "", "", "", ""][:6]
    if (
        what not in WHICH
        or step not in scope.definition
        or dimension not in OF_RUN
        or kind not in ("value", "other", "none")
    ):
        raise ListError(
            tell("%(cell)s is no cell of drop-offs; take one from the report's answer", cell=repr(cell))
        )
    k = scope.definition.position(step)
    sql, did = WHICH[what]
    value = f"toString({dimension})"
    name = scope.definition.steps[k - 1].name
    said = {"step": name, "did": tell(did), "by": tell(dimension)}
    if kind == "other":
        others = f"{value} != '' and lower(hex(cityHash64({value}))) not in {{shown:Array(String)}}"
        title = tell("“%(step)s”: %(did)s, %(by)s any other", **said)
        return Which(f"{sql} and {others}", {"k": k, "shown": rest.split(".")}, title)
    same = f"{sql} and {value} = {{origin:String}}"
    title = tell(
        "“%(step)s”: %(did)s, %(by)s %(value)s", **said, value=called(rest) if rest else tell("(none)")
    )
    return Which(same, {"k": k, "origin": rest}, title)
