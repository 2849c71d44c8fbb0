"""The list behind every number: exactly the runs that it counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from journeys.account_events import FIRST
from journeys.account_runs import named
from journeys.cursors import ListError, Number, Time, read, written
from journeys.definitions import Definition
from journeys.period import iso
from journeys.report import Which
from journeys.scope import Scope
from store.words import Spoken, tell

WHOLE = {
    "entered": "1",
    **{how: f"outcome = '{how}'" for how in ("succeeded", "failed", "dropped", "in_time")},
}
AT_STEP = {
    "progressed": "furthest >= {k:UInt8}",
    "visited": "has(steps, {k:UInt8})",
    "missed": "furthest >= {k:UInt8} and not has(steps, {k:UInt8})",
    "repeated": (
        "not {in_any_order:UInt8} and has(steps, {k:UInt8})"
        " and arrayExists(one -> one.2 = {k:UInt8} and one.1 >= one.2, strays)"
    ),
    "may_come": "outcome = 'in_time' and furthest < {k:UInt8}",
    "left_here": "outcome in ('dropped', 'failed') and furthest = {k:UInt8}",
    **{
        f"{how}_here": f"outcome = '{how}' and furthest = {{k:UInt8}}"
        for how in ("dropped", "failed", "in_time")
    },
}
TAKEN = "taken"  # of the steps by name, also where the funnel's own are places
NUMBERS = (*WHOLE, *AT_STEP, TAKEN)
WORDS = Spoken(
    {
        "entered": "All who entered",
        "succeeded": "Succeeded",
        "failed": "Failed",
        "dropped": "Dropped",
        "in_time": "In time",
        "progressed": "reached, in order",
        "visited": "took the step",
        "missed": "went past without it",
        "repeated": "took the step again",
        "may_come": "in time before it, and may still come",
        "left_here": "dropped or failed here",
        "dropped_here": "dropped here",
        "failed_here": "failed here",
        "in_time_here": "in time here",
        TAKEN: "taken",
    }
)


class Place(NamedTuple):
    """Where a list of runs goes on: after this one. Accounts count from 0 there, as customers do."""

    start: Time
    customer: Number
    number: Number
    account: str


NEWEST = Place(2**62, 0, 0, "")
ALL = 2**32 - 1  # rows: as many as there are
BLOCK = 1_000  # rows that are described at once
T = TypeVar("T")


def listed(
    scope: Scope,
    *,
    number: str | None = None,
    step: str | None = None,
    which: Which | None = None,
    unit: str = "runs",
    cursor: str | None = None,
    most: int = 50,
) -> dict[str, Any]:
    """The runs behind one number, newest first; `total` equals the number.

    That is how many `rows` there are, or where runs count several times, the sum of their `times`. Where
    customers are counted, a row `stands_for` so many runs of its customer.

    `number` is one of the funnel's NUMBERS; those that speak of a step need `step`, its key. `which` is what
    another report finds behind one of its own. `account` is filled where accounts are counted, or where the
    runs are theirs; then there is no `customer`. Raises ListError.
    """
    which = which or counted(scope, number or "entered", step)
    scope = _within(scope, which)
    after = read(cursor, Place) if cursor else NEWEST
    rows = scope.events.query(*_from(scope, which, unit, after, most + 1))
    names = _accounts(scope, rows[:most])
    if cursor or len(rows) > most:
        n, times = _counts(scope, which, unit)
    else:  # the whole list is here
        n, times = len(rows), sum(row["how_often"] for row in rows)
    return {
        "total": times,
        "rows": n,
        "next": _place(scope, rows[most - 1]) if len(rows) > most else None,
        "runs": [_run(scope, row, names) for row in rows[:most]],
    }


def newest(scope: Scope, which: Which, *, most: int) -> list[dict[str, Any]]:
    """The newest runs behind a number as `listed` has them; they are not counted."""
    scope = _within(scope, which)
    rows = scope.events.query(*_from(scope, which, "runs", NEWEST, most))
    names = _accounts(scope, rows)
    return [_run(scope, row, names) for row in rows]


def everyone(scope: Scope, which: Which, *, unit: str = "runs") -> Iterator[dict[str, Any]]:
    """All runs behind a number as `listed` has them, in one pass of which little is held at once."""
    scope = _within(scope, which)
    for rows in in_blocks(scope.events.stream(*_from(scope, which, unit, NEWEST, ALL))):
        names = _accounts(scope, rows)
        yield from (_run(scope, row, names) for row in rows)


def in_blocks(rows: Iterable[T], most: int = BLOCK) -> Iterator[list[T]]:
    """The rows, at most so many at once."""
    left = iter(rows)
    while block := list(islice(left, most)):
        yield block


def _from(scope: Scope, which: Which, unit: str, after: Place, most: int) -> tuple[str, dict[str, Any]]:
    """SQL of the runs behind a number from a place on, and what it binds."""
    return scope.ask(
        "runs.listed",
        unit=unit,
        which=which.sql,
        how_often=which.how_often,
        one_each=which.one_each,
        busiest=which.busiest,
        slots=lambda _: {
            "times": "how_often" if which.how_often else "1",
            "stands_for": "stands_for" if which.one_each else "1",
        },
        after_start=after.start,
        after_customer=after.customer + _first(scope),
        after_number=after.number,
        after_account=after.account,
        most=most,
        **which.values,
    )


def total(scope: Scope, which: Which, *, unit: str = "runs") -> int:
    """The number that a list is behind."""
    return _counts(_within(scope, which), which, unit)[1]


def _counts(scope: Scope, which: Which, unit: str) -> tuple[int, int]:
    """How many runs a list has, and how often they count, all together."""
    about: dict[str, Any] = {"unit": unit, "which": which.sql, **which.values}
    if which.how_often:
        row = scope.events.query(*scope.ask("runs.often", how_often=which.how_often, **about))[0]
        return int(row["n"]), int(row["times"])
    about |= {"one_each": which.one_each, "busiest": which.busiest}
    n = int(scope.events.query(*scope.ask("runs.count", **about))[0]["n"])
    return n, n


def _within(scope: Scope, which: Which) -> Scope:
    """The scope of the runs behind a number: the report's own where they are of no other."""
    scope = which.scope or scope
    if which.segment is not None:
        scope = replace(scope, segment=which.segment)
    if which.period is not None:
        scope = replace(scope, period=which.period)
    return replace(scope, age=which.age) if which.age else scope


def counted(scope: Scope, number: str, step: str | None = None) -> Which:
    """The runs that a number of the funnel counts; raises ListError."""
    if number in WHOLE:
        if step is not None:
            raise ListError(
                tell(
                    "%(number)s is of the whole journey; leave out the step, or ask for a number of it",
                    number=number,
                )
            )
        return Which(WHOLE[number], {}, WORDS[number])
    if number == TAKEN and step in scope.rule:
        k = scope.rule.position(str(step))
        return Which("has(walked, {k:UInt8})", {"k": k}, of_step(scope.rule, k, WORDS[TAKEN]))
    if number not in NUMBERS:
        raise ListError(
            tell(
                "%(number)s is no number of the funnel; known are %(numbers)s",
                number=repr(number),
                numbers=", ".join(NUMBERS),
            )
        )
    if number == TAKEN or step is None or step not in scope.definition:
        drawn = scope.rule if number == TAKEN else scope.definition
        known = ", ".join(one.key for one in drawn.steps)
        raise ListError(
            tell("%(number)s speaks of a step; give one of %(known)s", number=number, known=known)
        )
    k = scope.definition.position(step)
    return Which(AT_STEP[number], {"k": k}, of_step(scope.definition, k, WORDS[number]))


def of_step(definition: Definition, k: int, what: str) -> str:
    """What a list of a step shows, in words."""
    return tell("“%(step)s”: %(what)s", step=definition.steps[k - 1].name, what=what)


def _accounts(scope: Scope, rows: Sequence[dict[str, Any]]) -> dict[int, str]:
    """What the accounts are called that stand in the place of customers."""
    if not scope.rule.of_accounts:
        return {}
    return named(scope.events, scope.project.id, {row["customer"] for row in rows})


def _run(scope: Scope, row: dict[str, Any], accounts: Mapping[int, str]) -> dict[str, Any]:
    keys = [step.key for step in scope.rule.steps]
    whose = row["customer"]
    return {
        "customer": "" if scope.rule.of_accounts else str(whose),
        "account": accounts.get(whose, "") if scope.rule.of_accounts else row["account"],
        "case": row["case_value"],
        "start": iso(row["start"]),
        "last": iso(row["last"]),
        "outcome": row["outcome"],
        "furthest": scope.definition.steps[row["furthest"] - 1].key,
        "steps": [
            {"key": keys[k - 1], "at": iso(at)} for k, at in zip(row["walked"], row["reached"], strict=True)
        ],
        "repeats": row["repeats"],
        "shortcut": bool(row["shortcut"]),
        "times": row["how_often"],
        "stands_for": row["stands_for"],
        **{name: row[name] for name in ("channel", "source", "campaign", "device", "country")},
    }


def _place(scope: Scope, row: dict[str, Any]) -> str:
    return written(Place(row["start"], row["customer"] - _first(scope), row["number"], row["account"]))


def _first(scope: Scope) -> int:
    return FIRST if scope.rule.of_accounts else 0
