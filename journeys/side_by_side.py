"""One report of two groups side by side: of two segments, or of two periods.

The report is asked for each group by itself, at one moment and of equally old runs, and what it says of both
is put into rows: so each number is the one that the group's own report tells, and has the same list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from journeys import comparison, segments
from journeys.facing import Facing
from journeys.period import Period, iso
from journeys.report import Answer
from journeys.scope import Scope
from journeys.segments import SegmentError
from journeys.side_by_side_lists import cell_of, with_list
from journeys.side_by_side_rows import rows
from journeys.two_periods import age_of, before_of
from store.words import tell

COMPARED = comparison.COMPARISON.name


def side_by_side(
    facing: Facing,
    scope: Scope,
    *,
    unit: str = "runs",
    against: str = "",
    before_from: str = "",
    before_to: str = "",
    age: str = "",
    **own: Any,
) -> Answer:
    """What a report says of the scope's runs beside those of another segment, or of another period.

    Runs of two periods are looked at when equally old (`age`), unless the report has ages of its own.
    Raises SegmentError, PeriodError, DimensionError, and whatever the report raises.
    """
    if against and (before_from or before_to):
        raise SegmentError(tell("compare with a segment or with a period, not with both at once"))
    before = scope.period if against else before_of(scope, before_from, before_to)
    aged = replace(scope, age=_age(facing, scope, before, age, is_needed=not against))
    if against:
        scopes, heads, overlap = _two_segments(aged, against, unit)
    else:
        scopes, heads, overlap = _two_periods(aged, before, unit)
    answers, asked = _asked(facing, scopes, own, unit)
    most = int(own.get("most", facing.shown))
    return {
        **scope.head(unit),
        "compared": "segments" if against else "periods",
        "age": _told_age(aged, is_given=bool(age)),
        "asked": asked,
        "sides": heads,
        "overlap": overlap,
        "rows": rows(facing, scopes, [list(facing.parts(one)) for one in answers], most),
    }


def _age(facing: Facing, scope: Scope, before: Period, age: str, *, is_needed: bool) -> int:
    """At which age (ms) runs are looked at; 0 where they are told as they stand."""
    if not facing.at_age or not (age or is_needed):
        return 0
    goal = len(scope.definition.steps)
    return age_of(scope, before, age, goal, patience=_patience(scope) if facing.tells_who_left else 0)


def _patience(scope: Scope) -> int:
    """How long after its last touchpoint a run is dropped at the latest (ms)."""
    return min(scope.rule.idle_timeout, scope.rule.window or scope.rule.idle_timeout)


def _told_age(scope: Scope, *, is_given: bool) -> dict[str, Any] | None:
    if not scope.age:
        return None
    is_long = scope.age > _patience(scope)
    return {"seconds": scope.age / 1000, "given": is_given, "tells_dropped": is_long}


def _two_segments(scope: Scope, against: str, unit: str) -> tuple[list[Scope], list[Any], Any]:
    """Both are of all runs, as neither need lie within the other."""
    both = [dict(scope.segment), segments.checked(segments.read(against))]
    if segments.written(both[0]) == segments.written(both[1]):
        raise SegmentError(tell("both segments are the same; choose another one to compare with"))
    everyone = scope.everyone()
    told, common = comparison.sides(everyone, both, unit)
    scopes = [replace(scope, segment=one) for one in both]
    cell = cell_of(everyone, COMPARED, common[0]["cell"])
    heads = [_head(*pair, unit) for pair in zip(scopes, told, strict=True)]
    return scopes, heads, with_list(common[0]["n"], cell)


def _two_periods(scope: Scope, before: Period, unit: str) -> tuple[list[Scope], list[Any], None]:
    scopes = [scope, replace(scope, period=before)]
    told = [_standing(one, unit) for one in scopes]
    return scopes, [_head(*pair, unit) for pair in zip(scopes, told, strict=True)], None


def _standing(scope: Scope, unit: str) -> dict[str, Any]:
    """How all runs of a group stand."""
    return comparison.sides(scope.everyone(), [scope.segment], unit)[0][0]


def _head(scope: Scope, group: Mapping[str, Any], unit: str) -> dict[str, Any]:
    """Who is compared, and how far the group can be trusted."""
    everyone, entered, in_time = scope.everyone(), group["entered"], group["outcomes"]["in_time"]
    return {
        **{name: group[name] for name in ("text", "name", "looks_inside", "customers", "small", "dependent")},
        "cells": {"customers": cell_of(everyone, COMPARED, group["cells"]["customers"])},
        "from": iso(scope.period.start),
        "to": iso(scope.period.end),
        "entered": with_list(entered["n"], cell_of(everyone, COMPARED, entered["cell"])),
        "in_time": with_list(in_time["n"], cell_of(everyone, COMPARED, in_time["cell"])),
        "young": _young(scope, unit) if scope.age else {"n": 0},
    }


def _young(scope: Scope, unit: str) -> dict[str, Any]:
    """Who is not as old as the age: runs that began after the last moment at which they could have been."""
    first, period = scope.now - scope.age + 1, scope.period
    if first >= period.end:
        return {"n": 0}
    late = replace(scope, age=0, period=Period(max(first, period.start), period.end))
    entered = _standing(late, unit)["entered"]
    return with_list(entered["n"], cell_of(late.everyone(), COMPARED, entered["cell"]))


def _asked(
    facing: Facing, scopes: Sequence[Scope], own: Mapping[str, Any], unit: str
) -> tuple[list[Answer], dict[str, Any]]:
    """The answer of each group; what the report chooses by itself is chosen by the first one."""
    asked = {**own, **(facing.wide or {})}
    answers = [facing.report.ask(scopes[0], asked, unit=unit)]
    pinned = dict(facing.pinned(answers[0]))
    answers.append(facing.report.ask(scopes[1], {**asked, **pinned}, unit=unit))
    return answers, pinned
