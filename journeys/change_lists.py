"""The runs behind the numbers of an explained change, of either period."""

from __future__ import annotations

from typing import Any

from journeys.change_asked import no_cell, read_cell
from journeys.dimensions import OF_RUN
from journeys.report import Which
from journeys.scope import Scope
from store.words import marked, tell

OLD_ENOUGH = "{now:Int64} - start >= {age:Int64}"
IN_TIME = "(step, at) -> step >= {target:UInt8} and toUnixTimestamp64Milli(at) <= start + {age:Int64}"
KINDS = ("value", "none", "other")
COUNTED = {
    "entered": (OLD_ENOUGH, marked("old enough to be compared")),
    "succeeded": (f"{OLD_ENOUGH} and arrayExists({IN_TIME}, steps, times)", marked("came there by that age")),
    "young": ("{now:Int64} - start < {age:Int64}", marked("too young to be compared")),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a number; raises ListError for a cell that there is not."""
    asked, side, what, group = read_cell(scope, cell)
    if what not in COUNTED or (
        group and (group[0] not in OF_RUN or group[1] not in ("value", "none", "other"))
    ):
        raise no_cell(cell)
    (condition, said), (where, bound, title) = (
        COUNTED[what],
        _of_group(*group) if group else ("1", {}, tell("all")),
    )
    words = tell("period before") if side == "before" else tell("this period")
    return Which(
        f"({condition}) and ({where})",
        {**bound, "age": asked.age, "target": asked.target},
        tell("%(group)s, %(period)s: %(what)s", group=title, period=words, what=tell(said)),
        period=asked.before if side == "before" else None,
    )


def _of_group(dimension: str, kind: str, rest: str) -> tuple[str, dict[str, Any], str]:
    value = f"toString({dimension})"
    if kind == "other":
        sql = f"{value} != '' and lower(hex(cityHash64({value}))) not in {{change_shown:Array(String)}}"
        return sql, {"change_shown": rest.split(".")}, tell("%(by)s: any other", by=tell(dimension))
    said = tell("%(by)s %(value)s", by=tell(dimension), value=rest or tell("(none)"))
    return f"{value} = {{change_value:String}}", {"change_value": rest}, said
