"""The runs behind a number of attribution: those that a channel took part in, or that went a way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeys.attribution import (
    NONE,
    AttributionError,
    Cell,
    Model,
    check,
    contacts_of,
    first_ways,
    plainly,
)
from journeys.credits import START
from journeys.cursors import ListError, no_cell, read_cell
from journeys.dropoffs_stake import with_value
from journeys.questions import question
from journeys.report import Which
from journeys.scope import Scope
from store.words import marked, tell

MOST_IN_WAY = 100  # labels; a way is shorter, and labels are small numbers to the store
WHAT = {
    "took_part": ("outcome != 'in_time'", marked("Runs that are over")),
    "succeeded": ("outcome = 'succeeded'", marked("Runs that succeeded")),
}
WHOLE = {
    "successes": WHAT["succeeded"],
    "unsuccessful": ("outcome in ('dropped', 'failed')", marked("Runs that failed or were dropped")),
    "in_time": ("outcome = 'in_time'", marked("Runs in time")),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs that a number counts; raises ListError for a cell that there is not."""
    part, _, of = cell.partition(":")
    if part == "whole" and of in WHOLE:
        return Which(WHOLE[of][0], {}, tell(WHOLE[of][1]))
    if part == "valued" and len(named := of.split(":", 1)) == 2:
        return with_value(scope, named[1], currency=named[0])
    asked = read_cell(cell, Cell, marked("attribution"))
    model = Model(asked.dimension, asked.lookback, most=asked.most)
    try:
        check(asked.unit, model)
    except AttributionError as error:
        raise ListError(str(error)) from None
    if asked.what not in WHAT or "" in (asked.way or []) or len(asked.way or []) > MOST_IN_WAY:
        raise no_cell(cell, marked("attribution"))
    if asked.label:
        return _with_label(scope, model, asked)
    if asked.way is not None:
        return _by_ways(
            scope, model, asked, [asked.way], tell("by %(way)s", way=" > ".join(asked.way) or NONE)
        )
    shown = [way.labels for way in first_ways(scope, asked.unit, model, asked.shown)]
    return _by_ways(scope, model, asked, shown, tell("by all other ways"))


def _with_label(scope: Scope, model: Model, asked: Cell) -> Which:
    which, title = WHAT[asked.what]
    runs, values = plainly(scope, which=which)
    contacts, bound, names = contacts_of(scope, model, values, known=[asked.label])
    sql = question("attribution_lists.touched", runs=runs, contacts=contacts)
    bound["label"] = names.index(START if asked.label == NONE else asked.label)
    said = tell("%(runs)s, with a contact by %(label)s", runs=tell(title), label=asked.label)
    return Which(f"(customer, number) in ({sql})", bound, said)


def _by_ways(scope: Scope, model: Model, asked: Cell, ways: Iterable[Sequence[str]], said: str) -> Which:
    """The runs of these ways; of all others where the cell names none."""
    which, title = WHAT[asked.what]
    runs, values = plainly(scope, which=which)
    contacts, bound, names = contacts_of(scope, model, values, known=asked.way or [])
    sql = question("attribution_lists.went", runs=runs, contacts=contacts)
    bound |= {
        "ways": [",".join(str(names.index(label)) for label in way) for way in ways],
        "is_among": int(asked.way is not None),
    }
    return Which(
        f"(customer, number) in ({sql})", bound, tell("%(runs)s, %(how)s", runs=tell(title), how=said)
    )
