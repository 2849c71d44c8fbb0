"""The breakdown of the funnel: how runs come along by channel, device, a property, a trait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from journeys.apart import apart
from journeys.at_once import at_once
from journeys.catalog import ABOUT_PEOPLE
from journeys.cursors import ListError, read, written
from journeys.dimensions import LONGEST_NAME, OF_RUN, SEGMENT, Dimension, DimensionError, dimension
from journeys.filters import Params
from journeys.funnel import OUTCOMES, UNITS
from journeys.lists import ALL, counted
from journeys.questions import question
from journeys.rates import rate
from journeys.report import Which, parted
from journeys.scope import Scope
from journeys.standing import cells, cells_of_group, standing, whole
from journeys.value_words import called
from store.words import marked, tell

MOST = 50
SAMPLE = 10_000  # events in which names are looked for
MOST_NAMES = 50
Row = Mapping[str, Any]


class Cell(NamedTuple):
    """A number of a group: of the funnel, of runs that are told apart by a dimension at a step.

    `values` is the group's value; of all others the hashes of those that stand alone.
    """

    number: str
    step: str
    by: str
    at: str
    kind: str
    values: list[str]


def breakdown(
    scope: Scope, by: str = OF_RUN[0], *, at: str = "", unit: str = "runs", most: int = 10
) -> dict[str, Any]:
    """The funnel of the `most` frequent values of a dimension, of all others and of who has no value.

    The value is that of the event that took the step `at`, or of what was said of the trait until then; the
    first step where none is named. Of a saved segment the values are `in` and `not in`. The groups add up to
    the funnel of the period: `kind` is value, other (of `different` values), none, or not_reached for runs
    that did not take the step. Of customers and accounts the furthest run is chosen first. `against_rest`
    compares with all others that took the step: the difference of the success rates with its interval, `p`,
    and `p_adjusted` for as many groups as there are. Raises DimensionError, SegmentError, ValueError for an
    unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(tell("%(unit)s is no unit; count runs, customers or accounts", unit=repr(unit)))
    if not 1 <= most <= MOST:
        raise DimensionError(tell("a breakdown shows 1 to %(most)s values by themselves", most=MOST))
    position = _position(scope, at)
    found = dimension(by, at_start=position == 1)
    if found.kind == SEGMENT:
        position = 1
    rows = scope.events.query(*_asked(scope, found, position, unit, most))
    key = scope.definition.steps[position - 1].key
    shown = [row["hash"] for row in rows if row["kind"] == "value"]
    groups = [_group(scope, row, Cell("", "", found.text, key, row["kind"], shown)) for row in rows]
    for group, compared in zip(groups, _against_rest(groups), strict=True):
        group["against_rest"] = compared
    return {
        **scope.head(unit),
        "by": found.text,
        "at": key,
        "moment": _moment(scope, found, position),
        "looks_inside": found.kind == SEGMENT and scope.saved.looks_inside({"name": found.name}),
        **whole(groups),
        "cells": cells(lambda number: written(Cell(number, "", found.text, key, "", []))),
        "groups": groups,
    }


def names(scope: Scope, at: str | None = None) -> dict[str, list[str]]:
    """Properties that a step's events carried and traits that customers have, as far as a sample knows."""
    matchers = scope.definition.steps[_position(scope, at) - 1].match
    kinds = dict.fromkeys(
        (one.type or ("page" if one.page else "track"), one.event or "") for one in matchers
    )
    asked = [*kinds, ("identify", "")]
    *of_events, traits = at_once(partial(_seen, scope, kind, event) for kind, event in asked)
    return {"property": list(dict.fromkeys(name for some in of_events for name in some)), "trait": traits}


def _seen(scope: Scope, kind: str, event: str) -> list[str]:
    sql = question("breakdown.names", column="traits" if kind in ABOUT_PEOPLE else "properties")
    values = {"project": scope.project.id, "type": kind, "event": event, "rows": SAMPLE, "most": MOST_NAMES}
    return [row["name"] for row in scope.events.query(sql, values) if len(row["name"]) <= LONGEST_NAME]


def _position(scope: Scope, at: str | None) -> int:
    key = at or scope.definition.steps[0].key
    if key not in scope.definition:
        raise DimensionError(tell("the journey has no step %(key)s", key=repr(key)))
    return scope.definition.position(key)


def _asked(scope: Scope, by: Dimension, position: int, unit: str, most: int) -> tuple[str, dict[str, Any]]:
    """The question of how each group stands, and what it binds."""
    described, value, bound = _described(scope, by, position, unit)
    values = {**bound, "most": most, "goal": len(scope.definition.steps)}
    return question("breakdown.counted", described=described, value=value), values


def _described(scope: Scope, by: Dimension, position: int, unit: str) -> tuple[str, str, dict[str, Any]]:
    """SQL of the runs with what they are told apart by, that of the value, and all that both bind."""
    params = Params()
    value = by.value(params, scope.routes)
    values = {**params.values, "position": position}
    step = scope.definition.steps[position - 1]
    if by.kind == "run":
        described, bound = scope.ask("breakdown.runs", unit=unit, **values)
    elif by.kind == SEGMENT:
        described, bound = scope.ask(
            "breakdown.segments",
            unit=unit,
            slots=lambda more: {"belongs": scope.belonging({"name": by.name}, more)},
            **values,
        )
    elif by.kind == "trait":
        described, bound = scope.ask("breakdown.traits", unit=unit, trait=by.name, **values)
    else:
        described, bound = scope.ask("breakdown.events", unit=unit, anchor=step, **values)
    return described, value, bound


def at_start(scope: Scope, by: Dimension) -> tuple[str, str, dict[str, Any]]:
    """SQL of all runs with what tells them apart as they began, that of the value, and all that both bind."""
    return _described(scope, by, 1, "runs")


# The numbers of a group: columns of `breakdown.counted`, and nothing else may get into the SQL.
COUNTED = ("entered", *OUTCOMES, "progressed")
# Which runs a group has, in SQL and in words.
KINDS = {
    "value": ("taken and value = {value:String}", ""),
    "other": (
        "taken and value != '' and lower(hex(cityHash64(value))) not in {shown:Array(String)}",
        marked("all other values"),
    ),
    "none": ("taken and value = ''", marked("no value")),
    "not_reached": ("not taken", marked("did not take the step")),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs that a number of a group counts; raises ListError for what is no cell."""
    asked, position, by, which = _read(scope, cell)
    if not asked.kind:
        return which
    condition, title = KINDS[asked.kind]
    value = asked.values[0] if asked.kind == "value" else ""
    described, text, values = _described(scope, by, position, "runs")
    those = question("breakdown.those", described=described, value=text, condition=condition)
    bound = {**values, **which.values, "value": value, "shown": asked.values}
    said = tell(
        "%(by)s: %(group)s. %(what)s",
        by=by.label,
        group=called(value) if asked.kind == "value" else tell(title),
        what=which.title,
    )
    return Which(f"(customer, number) in ({those}) and {which.sql}", bound, said)


def other_values(scope: Scope, cell: str, *, unit: str = "runs", most: int = 50) -> dict[str, Any]:
    """The values that are together in Other, each with how many the cell's number counts of it.

    `total` says how many there are, whether or not the number counts any of each; those that have most come
    first. No value for a cell of another group. Raises ListError.
    """
    each, cell = parted(cell)
    asked, position, by, _ = _read(scope, cell)
    if each or asked.kind != "other":
        return {"total": 0, "labels": []}
    number = "n" if asked.number == "entered" else asked.number
    if number == "progressed":
        number = f"progressed[{scope.definition.position(asked.step)}]"
    return together(
        scope,
        _asked(scope, by, position, unit, ALL),
        number,
        "hash not in {shown:Array(String)}",
        {"shown": asked.values, "listed": most},
        lambda name: written(asked._replace(kind="value", values=[name])),
    )


def together(
    scope: Scope,
    counted: tuple[str, Mapping[str, Any]],
    number: str,
    which: str,
    values: Mapping[str, Any],
    cell: Callable[[str], str],
) -> dict[str, Any]:
    """Which of the counted values a condition keeps, the `listed` first by a number of their rows.

    `counted` is the question of how each value stands, with what it binds; `cell` makes the number's cell of
    a value.
    """
    sql, bound = counted
    others = question("breakdown.others", counted=sql, number=number, which=which)
    rows = scope.events.query(others, {**bound, **values})
    return {
        "total": rows[0]["total"] if rows else 0,
        "labels": [
            {"label": row["name"], "n": int(row["counted"]), "cell": cell(row["name"])} for row in rows
        ],
    }


def _read(scope: Scope, cell: str) -> tuple[Cell, int, Dimension, Which]:
    """What a cell asks for, at which step, by what, and the runs that its number counts in all groups."""
    try:
        asked = read(cell, Cell)
        which = counted(scope, asked.number, asked.step or None)
        position = _position(scope, asked.at)
        by = dimension(asked.by, at_start=position == 1)
        is_one = asked.number in COUNTED and (not asked.kind or asked.kind in KINDS)
    except (ListError, DimensionError):
        is_one = False
    if not is_one or (asked.kind == "value" and not asked.values):
        raise ListError(
            tell("%(cell)s is no cell of the breakdown; take one from the report's answer", cell=repr(cell))
        )
    return asked, position, by, which


MOMENTS = {
    SEGMENT: marked("whether the run belongs to “%(name)s”"),
    "trait": marked("as last said of the customer when the run took “%(name)s”"),
    "first": marked("of the event that took “%(name)s”, which opened the run"),
    "event": marked("of the event that took “%(name)s”"),
}


def _moment(scope: Scope, by: Dimension, position: int) -> str:
    name = scope.definition.steps[position - 1].name
    if by.kind == SEGMENT:
        return tell(MOMENTS[SEGMENT], name=scope.saved.named(by.name))
    which = "trait" if by.kind == "trait" else "first" if position == 1 else "event"
    return tell(MOMENTS[which], name=name)


def _group(scope: Scope, row: Row, cell: Cell) -> dict[str, Any]:
    n = int(row["n"])
    values = {"value": [row["name"]], "other": cell.values}.get(row["kind"], [])
    own = cell._replace(values=values)
    return {
        "kind": row["kind"],
        "value": row["name"] if row["kind"] == "value" else None,
        "different": int(row["different"]) if row["kind"] == "other" else None,
        **standing(row),
        "cells": cells_of_group(lambda number: written(own._replace(number=number))),
        "steps": [
            {
                "key": step.key,
                "progressed": int(reached),
                "cells": {"progressed": written(own._replace(number="progressed", step=step.key))},
                "rate_from_start": rate(int(reached), n),
            }
            for step, reached in zip(scope.definition.steps, row["progressed"], strict=True)
        ],
    }


def _against_rest(groups: Sequence[Row]) -> list[Mapping[str, float | None] | None]:
    """Each group's success rate less that of all others that took the step; None where nobody else did."""
    taken = [at for at, group in enumerate(groups) if group["kind"] != "not_reached"]
    compared: list[Mapping[str, float | None] | None] = [None] * len(groups)
    if len(taken) < 2:
        return compared
    n = [groups[at]["entered"] for at in taken]
    succeeded = [groups[at]["outcomes"]["succeeded"] for at in taken]
    others = [sum(succeeded) - one for one in succeeded], [sum(n) - one for one in n]
    for at, told in zip(taken, apart(succeeded, n, *others), strict=True):
        compared[at] = told
    return compared
