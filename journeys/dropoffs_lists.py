"""The runs behind a number of what was around the moment at which runs left a step, and what is in Other."""

from __future__ import annotations

from typing import Any

from journeys.cursors import ListError
from journeys.dropoffs_around import (
    AFTER,
    LIMITS,
    MOST_DAYS,
    NEVER,
    OPEN,
    PARTS,
    TROUBLES,
    Around,
    Row,
    named,
    runs,
    slow_page,
)
from journeys.questions import question
from journeys.report import Which
from journeys.routes import PAGE
from journeys.scope import Scope
from store.words import Spoken, marked, tell

WHOSE = {"left": marked("left here"), "on": marked("went on")}


def behind(scope: Scope, cell: str) -> Which:
    """The runs of a row; raises ListError for a cell that there is not."""
    part, whose, step, within, kind, rest = [*cell.split(":", 5), "", "", "", "", ""][:6]
    try:
        asked = Around(step, float(within))
        told, bound, title = _condition(part, kind, rest)
        if step not in scope.definition or whose not in WHOSE or not 0 < asked.within <= MOST_DAYS:
            raise ValueError(cell)
    except (KeyError, IndexError, ValueError):
        raise ListError(
            tell("%(cell)s is no cell of drop-offs; take one from the report's answer", cell=repr(cell))
        ) from None
    sql, values = runs(scope, asked, "runs")
    condition = f"{_among(whose)} and {told}"
    those = question("dropoffs_lists.those", around=sql, condition=condition)
    name = scope.definition.steps[scope.definition.position(step) - 1].name
    said = tell("“%(step)s”: %(who)s, %(what)s", step=name, who=tell(WHOSE[whose]), what=title)
    return Which(f"(customer, number) in ({those})", values | bound, said)


def other_labels(scope: Scope, cell: str, *, unit: str, most: int) -> dict[str, Any]:
    """The labels that are together in a row, each with how many of those who left, or went on, have it.

    Where the cell is of what came next at one time, only those who did it then. `total` says how many labels
    there are, whether or not one of these has each. No label for a cell of another row.
    """
    place, whose, step, within, kind, rest = [*cell.split(":", 5), ""][:6]
    if kind != "other":
        return {"total": 0, "labels": []}
    part, _, when = place.partition(".")
    asked = Around(step, float(within))
    sql, values = runs(scope, asked, unit)
    told, bound, _ = _of_row(part, kind, rest)
    timed, limits = _timed(when) if when else ("true", {})
    slots = {"around": sql, "word": PARTS[part][1], "counted": f"{_among(whose)} and {timed}"}
    condition = f"is_left and {told}" if part == "next" else told
    gathered = question("dropoffs_lists.gathered", condition=condition, **slots)
    found = scope.events.query(gathered, values | bound | limits | {"most": most})
    rows = named(scope, [{**row, "part": part, "kind": "value"} for row in found])
    return {
        "total": found[0]["labels"] if found else 0,
        "labels": [
            {**_had(row), "n": row["n"], "cell": asked.cell(place, whose, "value", row["name"])}
            for row in sorted(rows, key=lambda row: -int(row["n"]))
        ],
    }


def _among(whose: str) -> str:
    return f"is_left = {int(whose == 'left')}"


def _had(row: Row) -> dict[str, Any]:
    """What a label is called: a slow page by its route and what was wrong with it."""
    if row["part"] != "slow":
        return {"label": row["name"]}
    what, path = slow_page(row["name"])
    return {"label": path, "problem": what}


TITLES = Spoken(
    {
        "error": "a JavaScript error close to it",
        "rage": "rage clicks close to it",
        "dead": "dead clicks close to it",
        "not_found": "a page not found close to it",
        "slow_load": "a slow page close to it",
        "slow_response": "a page that answered slowly close to it",
        "next again": "began the journey anew",
        "next none": "nothing more so far",
        "next other": "all other ways on",
        "page none": "no page seen",
        "page other": "all other last pages",
        "error none": "no error close to it",
        "error other": "all other last errors",
        "slow none": "no slow or missing page close to it",
        "slow other": "all other slow or missing pages",
    }
)


def _condition(part: str, kind: str, rest: str) -> tuple[str, dict[str, Any], str]:
    part, _, when = part.partition(".")
    if not when:
        return _of_row(part, kind, rest)
    if part != "next":
        raise ValueError(part)
    if when == OPEN and kind == "none":
        is_open = "next_kind = 'none' and until + {within:Int64} > seen_until"
        return is_open, {}, tell("nothing more so far, and their time is not up")
    timed, limits = _timed(when)
    if kind == "all":
        return timed, limits, tell("the next touchpoint: %(when)s", when=tell(AFTER[when]))
    told, bound, title = _of_row(part, kind, rest)
    return f"{told} and {timed}", bound | limits, f"{title}, {tell(AFTER[when])}"


def _timed(when: str) -> tuple[str, dict[str, float]]:
    if when == "never":
        return "next_kind = 'none'", {}
    limits, at = [-1.0, *LIMITS.values(), float(NEVER)], [*LIMITS, "later"].index(when)
    told = "next_kind != 'none' and seconds > {sooner:Float64} and seconds <= {by_then:Float64}"
    return told, {"sooner": limits[at], "by_then": limits[at + 1]}


def _of_row(part: str, kind: str, rest: str) -> tuple[str, dict[str, Any], str]:
    if part == "trouble":
        return "has(troubles, {trouble:UInt8})", {"trouble": TROUBLES.index(rest) + 1}, TITLES[rest]
    sort, column = PARTS[part]
    if kind == "value":
        title, word = _title(part, rest), rest
        if part == "page" and not rest.startswith("/"):
            word = f"{PAGE}{rest}"
        return f"{sort} = 'value' and {column} = cityHash64({{label:String}})", {"label": word}, title
    title = TITLES[f"{part} {kind}"]
    if kind == "other":
        others = f"lower(hex({column})) not in {{shown:Array(String)}}"
        return f"{sort} = 'value' and {others}", {"shown": rest.split(".")}, title
    return f"{sort} = {{kind:String}}", {"kind": kind}, title


def _title(part: str, name: str) -> str:
    if part == "slow":
        what, path = slow_page(name)
        return tell("%(trouble)s: %(name)s", trouble=TITLES[what], name=path)
    said = {
        "next": marked("then %(name)s"),
        "page": marked("last page %(name)s"),
        "error": marked("last error “%(name)s”"),
    }
    return tell(said[part], name=name)
