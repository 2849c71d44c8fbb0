"""Currencies: amounts of several of them do not add up, so what successes are worth is told in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from marshmallow import fields, validate

from journeys.cursors import read_cell, written
from journeys.scope import Scope

EVERY = "*"
MEANINGS = {
    "currency": (
        "The currency that is counted, as `currency` of the goal's event names it; where none is asked for, "
        "that of most successes. Empty where they name none. Amounts in others are worth 0 here."
    ),
    "currencies": "Every currency in which successes are told, of how many (`n`) and how much (`value`).",
}


class Valued(NamedTuple):
    """The successes that tell their worth by a property, in a currency: any text that events name."""

    property: str
    currency: str


def valued_cell(value: str, currency: str) -> str:
    """The cell of the successes that tell their worth."""
    return "valued:" + written(Valued(value, currency))


def read_valued(cell: str, report: str) -> Valued:
    """What such a cell of a report names; raises ListError."""
    return read_cell(cell.removeprefix("valued:"), Valued, report)


def asked() -> fields.String:
    """The argument that chooses one."""
    return fields.String(
        load_default="",
        validate=validate.Length(max=20),
        metadata={"description": "which currency to count, such as EUR; that of most successes where absent"},
    )


def currencies(scope: Scope, value: str, *, unit: str) -> list[dict[str, Any]]:
    """The currencies in which a property tells what successes are worth, the most frequent first."""
    goal = scope.definition.steps[-1]
    question = scope.ask("currencies.counted", unit=unit, anchor=goal, value=value, currency=EVERY)
    return [
        {"currency": row["currency"], "n": row["n"], "value": round(row["value"], 6)}
        for row in scope.events.query(*question)
    ]


def chosen(found: Sequence[dict[str, Any]], wanted: str) -> str:
    """The currency that is wanted, else the most frequent one."""
    return wanted.upper() or (found[0]["currency"] if found else "")
