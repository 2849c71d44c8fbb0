"""The runs behind the numbers of signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeys.questions import question
from journeys.report import Which
from journeys.scope import Scope
from journeys.signals import CUT, KINDS, carriers, chosen
from journeys.signals_asked import Asked, no_cell, read_cell
from store.words import marked, tell

POPULATION = {
    "young": ("standing = 'young'", marked("came there too short a time ago")),
    "there": ("standing = 'there'", marked("had come by the landmark")),
    "over": ("standing = 'over'", marked("had ended by the landmark")),
    "in_time": ("standing = 'in_time'", marked("in time")),
    "counted": ("standing = 'counted'", marked("to be compared")),
    "seen": ("is_seen", marked("compared")),
}
OF_KIND = "place = {signal_place:UInt8} and name = {signal_name:String}"
CARRIED = f"{OF_KIND} and carried = {{signal_value:String}} and level = {{signal_level:Int64}}"


def behind(scope: Scope, cell: str) -> Which:
    """The runs behind a number; raises ListError for a cell that there is not."""
    what, asked, signal = read_cell(scope, cell)
    name = scope.definition.steps[asked.origin - 1].name
    if what in POPULATION and not signal:
        condition, said = POPULATION[what]
        return _in_population(
            scope, asked, condition, tell("“%(step)s”: %(what)s", step=name, what=tell(said))
        )
    if what not in ("with", "without") or not _is_one(signal):
        raise no_cell(cell)
    kind, place, signal_name, carried, level = signal
    sql, bound = carriers(scope, asked, kind)
    bound |= {
        "signal_place": place,
        "signal_name": signal_name,
        "signal_value": carried,
        "signal_level": level,
    }
    had = marked("with the signal %(signal)s") if what == "with" else marked("without the signal %(signal)s")
    said = tell(had, signal=_in_words(kind, signal_name, carried, level))
    title = tell("“%(step)s”: %(what)s", step=name, what=said)
    those = _among(sql, CARRIED)
    if what == "with":
        return Which(those, bound, title)
    if kind in CUT:
        return Which(
            f"{_among(sql, OF_KIND + ' and level = {everybody:Int64}')} and not {those}", bound, title
        )
    could = "is_seen and has(ways.1, {signal_place:UInt8})" if kind == "property" else "is_seen"
    rest = _in_population(scope, asked, could, title)
    return Which(f"{rest.sql} and not {those}", {**rest.values, **bound}, title)


def _in_population(scope: Scope, asked: Asked, condition: str, title: str) -> Which:
    sql, bound = chosen(scope, asked)
    return Which(_among(sql, condition), bound, title)


def _among(sql: str, condition: str) -> str:
    those = question("signals_lists.those", rows=sql, condition=condition)
    return f"(customer, number) in ({those})"


def _is_one(signal: Sequence[Any]) -> bool:
    """Whether these five can name a signal."""
    if len(signal) != 5:
        return False
    kind, place, name, carried, level = signal
    are_numbers = (
        isinstance(place, int) and isinstance(level, int) and 0 <= place < 256 and abs(level) < 2**63
    )
    return kind in KINDS and are_numbers and isinstance(name, str) and isinstance(carried, str)


def _in_words(kind: str, name: str, carried: str, level: int) -> str:
    match kind:
        case "touchpoint":
            return tell("%(name)s, at least %(n)s times", name=name, n=level) if level > 1 else name
        case "amount":
            return tell("%(name)s at least %(amount)s", name=name, amount=carried)
        case "speed":
            return tell("at most %(seconds)s s from one step to the next", seconds=f"{level / 1000:g}")
    return f"{name} {carried}"
