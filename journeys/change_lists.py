"""The runs behind the numbers of an explained change, of either period."""

from __future__ import annotations

from typing import Any

from journeys.aged import is_young, reached
from journeys.breakdown import together
from journeys.change import asking
from journeys.change_asked import REPORT, cell_of
from journeys.change_further import further, those
from journeys.cursors import no_cell, written
from journeys.dimensions import OF_RUN, DimensionError, dimension
from journeys.lists import ALL
from journeys.report import Which, parted
from journeys.scope import Scope
from journeys.value_words import called
from store.words import marked, tell

OLD_ENOUGH = f"not ({is_young()})"
KINDS = ("value", "none", "other")
COUNTED = {
    "entered": (OLD_ENOUGH, marked("old enough to be compared")),
    "succeeded": (f"{OLD_ENOUGH} and {reached()} >= {{target:UInt8}}", marked("came there by that age")),
    "young": (is_young(), marked("too young to be compared")),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a number; raises ListError for a cell that there is not."""
    found = cell_of(scope, cell)
    asked, group = found.asked, found.group
    if found.what not in COUNTED or (group and group[1] not in KINDS):
        raise no_cell(cell, REPORT)
    condition, said = COUNTED[found.what]
    try:
        where, bound, title = _of_group(scope, *group) if group else ("1", {}, tell("all"))
    except DimensionError:
        raise no_cell(cell, REPORT) from None
    words = tell("period before") if found.side == "before" else tell("this period")
    return Which(
        f"({condition}) and ({where})",
        {**bound, "age": asked.age, "target": asked.target},
        tell("%(group)s, %(period)s: %(what)s", group=title, period=words, what=tell(said)),
        period=asked.before if found.side == "before" else None,
    )


def other_values(scope: Scope, cell: str, *, most: int = 50) -> dict[str, Any]:
    """The values that are together in Other, each with how many runs the cell's number counts of it.

    `total` says how many there are, whether or not the number counts any of each; those that have most come
    first. No value for a cell of another group. Raises ListError.
    """
    each, cell = parted(cell)
    behind(scope, cell)
    found = cell_of(scope, cell)
    if each or not found.group or found.group[1] != "other" or found.what == "young":
        return {"total": 0, "labels": []}
    name, _, shown = found.group
    more = further(name)
    alone = "hash not in {change_shown:Array(String)}"
    return together(
        scope,
        asking(scope, found.asked, ALL, more),
        f"{found.side}_came[{1 if found.what == 'entered' else -1}]",
        alone if more else f"dimension = {{change_dimension:String}} and {alone}",
        {"change_dimension": name, "change_shown": shown.split("."), "listed": most},
        lambda value: written(found._replace(group=[name, "value", value])),
    )


def _of_group(scope: Scope, name: str, kind: str, rest: str) -> tuple[str, dict[str, Any], str]:
    by = dimension(name, at_start=True)
    bound = {"change_shown": rest.split(".")} if kind == "other" else {"change_value": rest}
    value = called(rest) if rest else tell("(none)")
    said = tell("%(by)s: any other", by=by.label) if kind == "other" else None
    title = said or tell("%(by)s %(value)s", by=by.label, value=value)
    if name not in OF_RUN:
        return (*those(scope, by, kind, bound), title)
    sql = f"toString({name})"
    if kind == "other":
        hashed = f"lower(hex(cityHash64({sql})))"
        return f"{sql} != '' and {hashed} not in {{change_shown:Array(String)}}", bound, title
    return f"{sql} = {{change_value:String}}", bound, title
