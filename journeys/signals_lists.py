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
GROUPS = {
    "with": marked("with the signal %(signal)s"),
    "without": marked("without the signal %(signal)s"),
    "all": marked("with and without the signal %(signal)s"),
}
ENDS = {"": "1", "won": "won", "lost": "not won"}  # all of a group, or those of it who came, or did not
ENDED = {"won": marked("%(runs)s, came"), "lost": marked("%(runs)s, did not come")}
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
    group, _, end = what.partition("_")
    if group not in GROUPS or end not in ENDS or not _is_one(signal):
        raise no_cell(cell)
    kind, _, signal_name, carried, level = signal
    said = tell(GROUPS[group], signal=_in_words(kind, signal_name, carried, level))
    said = tell(ENDED[end], runs=said) if end else said
    title = tell("“%(step)s”: %(what)s", step=name, what=said)
    return _of_signal(scope, asked, signal, group, end)._replace(title=title)


def _of_signal(scope: Scope, asked: Asked, signal: Sequence[Any], group: str, end: str) -> Which:
    """The runs of a group that ended so."""
    kind, place, name, carried, level = signal
    sql, bound = carriers(scope, asked, kind)
    bound |= {"signal_place": place, "signal_name": name, "signal_value": carried, "signal_level": level}
    with_it = Which(_among(sql, f"{CARRIED} and {ENDS[end]}"), bound, "")
    if group == "with":
        return with_it
    if kind in CUT:
        could = Which(_among(sql, f"{OF_KIND} and level = {{everybody:Int64}} and {ENDS[end]}"), bound, "")
    else:
        seen = "is_seen and has(ways.1, {signal_place:UInt8})" if kind == "property" else "is_seen"
        could = _in_population(scope, asked, f"{seen} and {ENDS[end]}", "")
    rest = "" if group == "all" else f" and not {with_it.sql}"
    return Which(f"{could.sql}{rest}", {**could.values, **bound}, "")


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
