"""Conformance: where runs differ from the journey as it is drawn, and what becomes of those that do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from journeys.cursors import ListError
from journeys.rates import rate
from journeys.report import Answer, Report, Table, Which
from journeys.scope import Scope
from journeys.statistics import known

FITS = "repeats = 0 and arrayAll(k -> has(steps, k), range(1, furthest + 1))"
WHOLE = {
    "fits": ("Runs as the journey is drawn", FITS),
    "repeated": ("Runs with a touchpoint that moved nothing", "repeats > 0"),
    "shortcut": ("Runs that met the goal before its turn", "shortcut"),
}
MEANINGS = {
    "fits": (
        "Runs that took each step up to their furthest, in order and once; how they ended does not matter."
    ),
    "missing": "Runs that went past an optional step without it; compared with those that took it.",
    "repeated": (
        "Runs with at least one touchpoint of the journey that moved them no further: a step taken again, an "
        "earlier one, or one whose turn had not come; compared with runs without one. In strict order that "
        "touchpoint ended the run. In any order no step can be missing and no goal come early."
    ),
    "shortcut": (
        "Runs in which the goal's touchpoint came while a required step was missing; compared with runs "
        "without that."
    ),
    "share": "How many of the comparable runs deviate, with its 95 % Wilson interval.",
    "success_rate": "How many of the runs that deviate succeeded by now; runs in time have not yet.",
    "success_rate_otherwise": "The same of the comparable runs that do not deviate.",
    "in_time": "Runs among those that deviate whose time is not up; the success rate may still rise by them.",
    "median_seconds": "Half of the runs that deviate and succeeded took at most this long to the goal.",
}


def conformance(scope: Scope, *, unit: str) -> Answer:
    """Deviations of the runs from the journey, the most frequent first; times in seconds.

    Every deviation is compared with the comparable runs that do not have it: those that went past the same
    step for a missing one, all others else. A run may have several.
    """
    rows = scope.events.query(*scope.ask("conformance.deviations", unit=unit, slots=lambda _: {"fits": FITS}))
    found = {(row["kind"], row["step"]): row for row in rows}
    runs = found["all", 0]["n"] if found else 0
    deviations = [_compared(*pair) for pair in _pairs(scope, found) if pair[2]["n"]]
    return {
        "runs": runs,
        "unit": unit,
        "fits": _told(found["fits", 0], runs, "fits") if ("fits", 0) in found else None,
        "deviations": sorted(deviations, key=lambda one: -one["n"]),
    }


def _pairs(scope: Scope, found: dict[Any, Any]) -> Iterator[tuple[str, str | None, Any, Any]]:
    """Each deviation as its kind, its step, the runs that have it and those that they are compared with."""
    for kind in ("repeated", "shortcut"):
        if (kind, 0) in found:
            yield kind, None, found[kind, 0], _less(found["all", 0], found[kind, 0])
    for k, step in enumerate(scope.definition.steps, 1):
        if ("missing", k) in found:
            yield "missing", step.key, found["missing", k], found.get(("took", k), NONE)


NONE = {"n": 0, "succeeded": 0, "in_time": 0}


def _less(all_: Any, some: Any) -> dict[str, int]:
    return {name: all_[name] - some[name] for name in NONE}


def _compared(kind: str, step: str | None, some: Any, others: Any) -> dict[str, Any]:
    cell = f"{kind}:{step}" if step else kind
    return {
        "kind": kind,
        "step": step,
        **_told(some, some["n"] + others["n"], cell),
        "success_rate_otherwise": rate(others["succeeded"], others["n"]),
    }


def _told(row: Any, comparable: int, cell: str) -> dict[str, Any]:
    return {
        "n": row["n"],
        "cell": cell,
        "share": rate(row["n"], comparable),
        "success_rate": rate(row["succeeded"], row["n"]),
        "in_time": row["in_time"],
        "median_seconds": known(row["median"]),
    }


def behind(scope: Scope, cell: str) -> Which:
    """The runs that deviate so; raises ListError for a cell that there is not."""
    kind, _, step = cell.partition(":")
    if kind in WHOLE and not step:
        title, sql = WHOLE[kind]
        return Which(sql, {}, title)
    if kind != "missing" or step not in scope.definition:
        raise ListError(f"{cell!r} is no cell of conformance; take one from the report's answer")
    k = scope.definition.position(step)
    name = scope.definition.steps[k - 1].name
    return Which(
        "furthest > {k:UInt8} and not has(steps, {k:UInt8})", {"k": k}, f"Runs that went past “{name}”"
    )


def table(answer: Answer) -> Table:
    """A row a deviation, the runs that fit first."""
    head = (
        *("deviation", "step", "runs", "share", "share_low", "share_high", "success_rate", "success_low"),
        *("success_high", "in_time", "success_rate_otherwise", "runs_otherwise", "median_seconds"),
    )
    rows = [{"kind": "fits", "step": None, **answer["fits"]}] if answer["fits"] else []
    return head, ((_row(one)) for one in [*rows, *answer["deviations"]])


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    otherwise = one.get("success_rate_otherwise", {"value": None, "n": None})
    return (
        *(one["kind"], one["step"] or "", one["n"]),
        *(one["share"][name] for name in ("value", "low", "high")),
        *(one["success_rate"][name] for name in ("value", "low", "high")),
        *(one["in_time"], otherwise["value"], otherwise["n"], one["median_seconds"]),
    )


CONFORMANCE = Report(
    name="conformance",
    title="Conformance",
    says="Where runs differ from the journey as it is drawn, how often, and what becomes of those that do.",
    answer=conformance,
    table=table,
    meanings=MEANINGS,
    units=("runs", "customers", "accounts"),
    behind=behind,
)
