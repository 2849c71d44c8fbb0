"""The runs behind a number of attribution: those that a channel took part in, or that went a way."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from journeys.attribution import AttributionError, Cell, check
from journeys.attribution_busy import busy, histories, ways
from journeys.attribution_contacts import NONE, Model, contacts_of
from journeys.attribution_credits import ONE_EACH
from journeys.attribution_sums import NOT_BUSY, first_ways, plainly
from journeys.credits import START
from journeys.currencies import read_valued
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
CONTACTS = "contacts"
SAID = {
    CONTACTS: marked("%(runs)s: their contacts by %(label)s"),
    "first": marked("%(runs)s, first contact by %(label)s"),
    "last": marked("%(runs)s, last contact by %(label)s"),
    "last_not_direct": marked("%(runs)s, last contact that was not direct by %(label)s"),
}


def behind(scope: Scope, cell: str) -> Which:
    """The runs that a number counts; raises ListError for a cell that there is not."""
    part, _, of = cell.partition(":")
    if part == "whole" and of in WHOLE:
        return Which(WHOLE[of][0], {}, tell(WHOLE[of][1]))
    if part == "valued":
        return with_value(scope, read_valued(cell, marked("attribution")))
    asked = read_cell(cell, Cell, marked("attribution"))
    model = Model(asked.dimension, asked.lookback, most=asked.most, contacts=asked.contacts)
    try:
        check(asked.unit, model)
    except AttributionError as error:
        raise ListError(str(error)) from None
    is_known = asked.what in WHAT or (asked.what in SAID and asked.label not in ("", NONE))
    if not is_known or "" in (asked.way or []) or len(asked.way or []) > MOST_IN_WAY:
        raise no_cell(cell, marked("attribution"))
    if asked.what == CONTACTS:
        return _contacts(scope, model, asked.label)
    if asked.what in ONE_EACH:
        return _owed(scope, model, asked)
    if asked.label:
        return _with_label(scope, model, asked)
    if asked.way is not None:
        return _by_ways(
            scope, model, asked, [asked.way], tell("by %(way)s", way=" > ".join(asked.way) or NONE)
        )
    shown = [way.labels for way in first_ways(scope, asked.unit, model, asked.shown)]
    return _by_ways(scope, model, asked, shown, tell("by all other ways"))


def _contacts(scope: Scope, model: Model, label: str) -> Which:
    """The runs that are over with a contact by a label, each as often as it had one."""
    which, title = WHAT["took_part"]
    runs, values = plainly(scope, which=which)
    contacts = contacts_of(scope, model, values, known=[label])
    sql = question("attribution_lists.contacts", runs=runs, contacts=contacts.rows, held=scope.held)
    bound = {**contacts.values, "label": contacts.names.index(label)}
    return Which("1", bound, tell(SAID[CONTACTS], runs=tell(title), label=label), how_often=sql)


def _owed(scope: Scope, model: Model, asked: Cell) -> Which:
    """The successes that a label has whole, by a rule that gives each to one contact."""
    which, title = WHAT["succeeded"]
    runs, values = plainly(scope, which=which)
    contacts = contacts_of(scope, model, values, known=[asked.label])
    slots = {"runs": runs, "contacts": contacts.rows, "held": scope.held}
    first, last = question("attribution_lists.first", **slots), question("attribution_lists.last", **slots)
    bound = {
        **contacts.values,
        "label": contacts.names.index(asked.label),
        "passes_direct": int(asked.what == "last_not_direct"),
    }
    said = tell(SAID[asked.what], runs=tell(title), label=asked.label)
    return Which(f"(customer, number) in ({first if asked.what == 'first' else last})", bound, said)


def _with_label(scope: Scope, model: Model, asked: Cell) -> Which:
    which, title = WHAT[asked.what]
    runs, values = plainly(scope, which=which)
    contacts = contacts_of(scope, model, values, known=[asked.label])
    sql = question("attribution_lists.touched", runs=runs, contacts=contacts.rows)
    label = contacts.names.index(START if asked.label == NONE else asked.label)
    said = tell("%(runs)s, with a contact by %(label)s", runs=tell(title), label=asked.label)
    return Which(f"(customer, number) in ({sql})", {**contacts.values, "label": label}, said)


def _by_ways(scope: Scope, model: Model, asked: Cell, these: Collection[Sequence[str]], said: str) -> Which:
    """The runs of these ways; of all others where the cell names none."""
    which, title = WHAT[asked.what]
    everyone, values = plainly(scope, which=which)
    contacts = contacts_of(scope, model, values, known=asked.way or [])
    apart, is_among = busy(scope, contacts), asked.way is not None
    codes = {tuple(contacts.names.index(label) for label in way) for way in these}
    found = [
        (customer, number)
        for customer, one in histories(scope, apart, everyone, contacts)
        for number, way in zip(
            one.numbers, ways(one, contacts.values["lookback"], contacts.values["longest"]), strict=True
        )
        if (way in codes) == is_among
    ]
    runs = plainly(scope, which=f"{which} and {NOT_BUSY}" if apart else which)[0]
    sql = question("attribution_lists.went", runs=runs, contacts=contacts.gathered)
    bound = contacts.values | {
        "ways": [",".join(map(str, way)) for way in codes],
        "is_among": int(is_among),
        "busy": [*apart],
        "found": found,
    }
    condition = f"(customer, number) in ({sql})"
    if found:
        condition = f"({condition} or (customer, number) in {{found:Array(Tuple(UInt64, UInt32))}})"
    return Which(condition, bound, tell("%(runs)s, %(how)s", runs=tell(title), how=said))
