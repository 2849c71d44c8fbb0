"""Segments side by side: how each of two to five stands, and how far it is from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

from marshmallow import fields

from journeys import cursors
from journeys.apart import apart
from journeys.filters import Params
from journeys.funnel import OUTCOMES, UNITS
from journeys.lists import AT_STEP, WHOLE
from journeys.metrics import WORDS
from journeys.rates import rate
from journeys.report import Answer, OwnArguments, Report, Table, Which, customers_of
from journeys.scope import Scope
from journeys.segment_definitions import SegmentDefinition
from journeys.segments import SAVED, Segment, SegmentError, checked, choices, read, read_several, written
from journeys.standing import NOBODY, standing
from journeys.statistics import known
from store.words import marked, tell

FEWEST, MOST = 2, 5
BY_DEFAULT = "device"
REPORT = marked("the comparison")
Row = Mapping[str, Any]
MEANINGS = {
    "segments": (
        "Two to five groups of the runs that began in the period; where the report itself is limited to a "
        "segment, all of them are within it. A saved segment is what its definition says now."
    ),
    "text": "The segment as it is written in `segments`.",
    "of": "The two segments that have runs in common.",
    "progressed": "Runs of the segment that came to the step or beyond it.",
    "entered": (
        "The runs of the segment. Of customers and accounts the furthest run of the period is chosen first; "
        "it belongs to the segment or does not."
    ),
    "success_rate": (
        "The share that reached the goal so far, with its 95 % Wilson interval. Who is in time may yet do so."
    ),
    "rate_from_start": "The share of the segment's runs that came to the step or beyond, with its interval.",
    "against_first": (
        "The rate less that of the first segment, with its 95 % interval (Newcombe 1998) and how often "
        "chance alone would do as much, corrected for all differences shown (Benjamini and Hochberg 1995)."
    ),
    "overlap": (
        "How many runs are in both segments. Groups are compared as if they had none in common; where they "
        "have, intervals are wider and p-values larger than they need be, and who is in both hides a "
        "difference."
    ),
    "looks_inside": WORDS["looks_inside"],
    "small": (
        "Too little to rely on the rate: fewer than 30, or an interval of 30 points or more, or one of more "
        "than 5 points that is also wider than 130 % of its middle."
    ),
    "seconds_to_goal": (
        "Half of the runs that succeeded took at most `median` seconds to the goal; nine in ten `p90`."
    ),
}


class Cell(NamedTuple):
    """A number of one segment, or of those in two; of a step, or '' where it is of the whole journey."""

    number: str
    step: str
    segments: list[str]


class Asked(OwnArguments):
    """Which segments stand side by side."""

    segments = fields.String(
        load_default="",
        metadata={
            "description": "two to five segments, each written as in `segment`, with `;` between them, such "
            "as name:engaged;not:engaged or device:mobile;device:desktop; `all` is everyone. The first is "
            "what the others are compared with. Where absent, saved segments, or the most frequent devices"
        },
    )


def comparison(scope: Scope, *, unit: str, segments: str = "") -> Answer:
    """How each segment stands, its steps, and its differences from the first; times in seconds.

    Raises SegmentError where they are not two to five different ones, or one cannot be read. Without any, the
    answer may have fewer.
    """
    groups, overlap = sides(scope, _chosen(scope, segments), unit)
    for group, found in zip(groups, _against_first(groups), strict=True):
        group["against_first"] = found[-1] if found else None
        for step, one in zip(group["steps"][1:], found or (), strict=False):
            step["against_first"] = one
    return {"unit": unit, "segment": dict(scope.segment), "segments": groups, "overlap": overlap}


def sides(
    scope: Scope, chosen: Sequence[Segment], unit: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """How each segment stands, without any difference, and how many runs are in two of them."""
    rows = _counted(scope, chosen, unit)
    groups = [_group(scope, one, rows[at, at]) for at, one in enumerate(chosen)]
    overlap = [
        {
            "of": [groups[one]["text"], groups[other]["text"]],
            "n": int(rows[one, other]["n"]),
            "cell": _cell("entered", "", chosen[one], chosen[other]),
        }
        for one, other in combinations(range(len(chosen)), 2)
    ]
    return groups, overlap


def size(scope: Scope, key: str) -> dict[str, int]:
    """How many runs belong to a saved segment, and of how many customers; raises SegmentError."""
    row = _counted(scope, [{"name": key}], "runs")[0, 0]
    return {name: int(row[given]) for name, given in (("runs", "n"), ("customers", "customers"))}


def size_of_draft(scope: Scope, segment: SegmentDefinition) -> dict[str, Any]:
    """The same of a segment that is not saved, beside all runs and customers of the period and their share.

    Raises SegmentError.
    """
    saved = replace(scope.saved, segments={**scope.saved.segments, segment.key: segment.source})
    rows = _counted(replace(scope, saved=saved), [{"name": segment.key}, {}], "runs")
    (runs, customers), (all_runs, everybody) = (
        (int(rows[at, at]["n"]), int(rows[at, at]["customers"])) for at in (0, 1)
    )
    return {
        "runs": runs,
        "customers": customers,
        "of_runs": all_runs,
        "of_customers": everybody,
        "share": rate(customers, everybody),
    }


def behind(scope: Scope, cell: str) -> Which:
    """The runs of a segment that a number counts, or those that are in two segments; raises ListError."""
    number, step, texts = cursors.read_cell(cell, Cell, REPORT)
    if not (1 <= len(texts) <= 2) or (
        number not in WHOLE and (number not in AT_STEP or step not in scope.definition)
    ):
        raise cursors.no_cell(cell, REPORT)
    parts = [checked(read(one)) for one in texts]
    params = Params()
    conditions = [condition for one in parts if (condition := scope.belonging(one, params))]
    named = tell(" and ").join(name_of(scope, one) for one in parts)
    if number in WHOLE:
        conditions.append(WHOLE[number])
        return Which(
            " and ".join(f"({one})" for one in conditions),
            params.values,
            tell("%(segment)s: %(what)s", segment=named, what=_words(number)),
        )
    params.values["k"] = scope.definition.position(step)
    conditions.append(AT_STEP[number])
    title = tell(
        "%(segment)s: %(what)s “%(step)s”",
        segment=named,
        what=_words(number),
        step=scope.definition.steps[params.values["k"] - 1].name,
    )
    return Which(" and ".join(f"({one})" for one in conditions), params.values, title)


def name_of(scope: Scope, segment: Segment) -> str:
    """What a segment is called, in words."""
    words = [
        (
            tell("not in %(segment)s", segment=scope.saved.named(value))
            if name == "not"
            else scope.saved.named(value)
        )
        if name in SAVED
        else f"{tell(name)}: {value}"
        for name, value in segment.items()
    ]
    return ", ".join(words) or tell("everyone")


def _chosen(scope: Scope, text: str) -> list[Segment]:
    asked = read_several(text)
    found = list({written(one): one for one in map(checked, asked or _by_default(scope))}.values())
    if asked and not FEWEST <= len(found) <= MOST:
        raise SegmentError(
            tell("compare %(fewest)s to %(most)s different segments", fewest=FEWEST, most=MOST)
        )
    return list(found)


def _by_default(scope: Scope) -> list[dict[str, str]]:
    if len(scope.saved.segments) >= FEWEST:
        return [{"name": key} for key in list(scope.saved.segments)[:MOST]]
    if scope.saved.segments:
        key = next(iter(scope.saved.segments))
        return [{"name": key}, {"not": key}]
    found = choices(scope, most=MOST)[BY_DEFAULT]
    return [{BY_DEFAULT: one["value"]} for one in found] or [{}]


def _counted(scope: Scope, chosen: Sequence[Segment], unit: str) -> dict[tuple[int, int], Row]:
    """What is counted of each pair of segments, one with itself included."""

    def groups(params: Params) -> dict[str, str]:
        conditions = [scope.belonging(one, params) or "1" for one in chosen]
        return {"groups": ", ".join(f"toUInt8({one})" for one in conditions)}

    goal = len(scope.definition.steps)
    sql, values = scope.ask("comparison.counted", unit=unit, goal=goal, slots=groups)
    found = {(row["one"], row["other"]): row for row in scope.events.query(sql, values)}
    pairs = ((one, other) for one in range(len(chosen)) for other in range(one, len(chosen)))
    return {(one, other): found.get((one + 1, other + 1), _NOBODY) for one, other in pairs}


_NOBODY: Row = {"n": 0, **NOBODY, "progressed": [], "seconds": (float("nan"), float("nan"))}


def _group(scope: Scope, segment: Segment, row: Row) -> dict[str, Any]:
    stands = standing(row)
    n = stands["entered"]
    progressed = row["progressed"] or [0] * len(scope.definition.steps)
    median, p90 = row["seconds"]
    return {
        "text": written(segment),
        "name": name_of(scope, segment),
        "looks_inside": scope.saved.looks_inside(segment),
        **stands,
        "cells": {"customers": customers_of(_cell("entered", "", segment))},
        "entered": {"n": n, "cell": _cell("entered", "", segment)},
        "outcomes": {
            how: {"n": stands["outcomes"][how], "cell": _cell(how, "", segment)} for how in OUTCOMES
        },
        "steps": [
            {
                "key": step.key,
                "name": step.name,
                "progressed": {"n": int(reached), "cell": _cell("progressed", step.key, segment)},
                "rate_from_start": rate(int(reached), n),
                "against_first": None,
            }
            for step, reached in zip(scope.definition.steps, progressed, strict=True)
        ],
        "seconds_to_goal": {"median": known(median), "p90": known(p90)},
    }


def _against_first(groups: Sequence[Row]) -> list[list[Mapping[str, float | None]] | None]:
    """Of each group but the first its differences, of the second step to the goal, corrected together."""
    if len(groups) < 2:
        return [None] * len(groups)
    others = groups[1:]
    counts = [[step["progressed"]["n"] for step in one["steps"][1:]] for one in groups]
    n = [one["entered"]["n"] for one in groups]
    steps, rows = len(counts[0]), range(len(others))
    own = [count for one in counts[1:] for count in one]
    found = apart(
        own,
        [one for one in n[1:] for _ in range(steps)],
        counts[0] * len(others),
        [n[0]] * len(own),
    )
    return [None, *(found[row * steps : (row + 1) * steps] for row in rows)]


def _cell(number: str, step: str, *some: Segment) -> str:
    return cursors.written(Cell(number, step, [written(one) for one in some]))


WORDS = {"entered": marked("all"), "progressed": marked("reached")}


def _words(number: str) -> str:
    return tell(WORDS.get(number, number.replace("_", " ")))


HEAD = (
    *("segment", "name", "step", "entered", *OUTCOMES, "customers", "progressed"),
    *("rate", "low", "high", "difference", "difference_low", "difference_high", "p", "p_adjusted"),
    *("small", "median_seconds_to_goal", "dependent"),
)


def table(answer: Answer) -> Table:
    """A row a segment and step, where the goal's rate is the success rate; and a row for who is in two."""
    return HEAD, (
        *(_row(group, step) for group in answer["segments"] for step in group["steps"]),
        *(
            (" and ".join(one["of"]), "in both", None, one["n"], *[None] * (len(HEAD) - 4))
            for one in answer["overlap"]
        ),
    )


def _row(group: Row, step: Row) -> tuple[Any, ...]:
    first = step["against_first"] or {}
    return (
        *(group["text"], group["name"], step["key"], group["entered"]["n"]),
        *(group["outcomes"][how]["n"] for how in OUTCOMES),
        *(group["customers"], step["progressed"]["n"]),
        *(step["rate_from_start"][name] for name in ("value", "low", "high")),
        *(first.get(name) for name in ("value", "low", "high", "p", "p_adjusted")),
        *(group["small"], group["seconds_to_goal"]["median"], group["dependent"]),
    )


COMPARISON = Report(
    name="compare",
    title="Compare",
    says="Two to five segments side by side, and how far each is from the first.",
    answer=comparison,
    table=table,
    meanings=MEANINGS,
    asked=Asked,
    units=UNITS,
    behind=behind,
)
