"""The list behind every number: exactly the runs that it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from journeys.cursors import ListError, Number, Time, read, written
from journeys.period import iso
from journeys.report import Which
from journeys.scope import Scope

WHOLE = {
    "entered": "1",
    **{how: f"outcome = '{how}'" for how in ("succeeded", "failed", "dropped", "in_time")},
}
AT_STEP = {
    "left_here": "outcome in ('dropped', 'failed') and furthest = {k:UInt8}",
    "progressed": "furthest >= {k:UInt8}",
    "visited": "has(steps, {k:UInt8})",
    "missed": "furthest >= {k:UInt8} and not has(steps, {k:UInt8})",
    **{
        f"{how}_here": f"outcome = '{how}' and furthest = {{k:UInt8}}"
        for how in ("dropped", "failed", "in_time")
    },
}
TAKEN = "taken"  # of the steps by name, also where the funnel's own are places
NUMBERS = (*WHOLE, *AT_STEP, TAKEN)


class Place(NamedTuple):
    """Where a list of runs goes on: after this one."""

    start: Time
    customer: Number
    number: Number
    account: str


NEWEST = Place(2**62, 2**63, 0, "")


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

    `number` is one of the funnel's NUMBERS; those that speak of a step need `step`, its key. `which` is what
    another report finds behind one of its own. `account` is filled where accounts are counted. Raises
    ListError.
    """
    sql_which, bound = which[:2] if which else _which(scope, number or "entered", step)
    if which and which.segment is not None:
        scope = replace(scope, segment=which.segment)
    start, customer, run, account = read(cursor, Place) if cursor else NEWEST
    total = scope.events.query(*scope.ask("runs.count", unit=unit, which=sql_which, **bound))[0]["n"]
    sql, values = scope.ask(
        "runs.listed",
        unit=unit,
        which=sql_which,
        after_start=start,
        after_customer=customer,
        after_number=run,
        after_account=account,
        most=most + 1,
        **bound,
    )
    rows = scope.events.query(sql, values)
    return {
        "total": total,
        "next": _place(rows[most - 1]) if len(rows) > most else None,
        "runs": [_run(scope, row) for row in rows[:most]],
    }


def _which(scope: Scope, number: str, step: str | None) -> tuple[str, Mapping[str, Any]]:
    if number in WHOLE:
        if step is not None:
            raise ListError(
                f"{number} is of the whole journey; leave out the step, or ask for a number of it"
            )
        return WHOLE[number], {}
    if number == TAKEN and step in scope.rule:
        return "has(walked, {k:UInt8})", {"k": scope.rule.position(str(step))}
    if number not in NUMBERS:
        raise ListError(f"{number!r} is no number of the funnel; known are {', '.join(NUMBERS)}")
    if number == TAKEN or step is None or step not in scope.definition:
        drawn = scope.rule if number == TAKEN else scope.definition
        known = ", ".join(one.key for one in drawn.steps)
        raise ListError(f"{number} speaks of a step; give one of {known}")
    return AT_STEP[number], {"k": scope.definition.position(step)}


def _run(scope: Scope, row: dict[str, Any]) -> dict[str, Any]:
    keys = [step.key for step in scope.rule.steps]
    return {
        "customer": str(row["customer"]),
        "account": row["account"],
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
        **{name: row[name] for name in ("channel", "source", "campaign", "device", "country")},
    }


def _place(row: dict[str, Any]) -> str:
    return written(Place(row["start"], row["customer"], row["number"], row["account"]))
