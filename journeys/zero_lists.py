"""The customers behind a number of "Why is this zero?", of whom many have no run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from journeys import customers
from journeys.cursors import Number, no_cell, read, read_cell, written
from journeys.lists import of_step
from journeys.report import Table
from journeys.scope import Scope
from journeys.zero import Cell, customers_of
from store.identity import Ledger
from store.words import marked, tell

WHICH = {
    "raw_matches": ("matches > 0", marked("customers with a touchpoint that matches")),
    "customers": ("matches > 0", marked("customers with a touchpoint that matches")),
    "in_order": ("in_order", marked("customers with one in order")),
    "in_time": ("in_time", marked("customers with one in order and in time")),
}


class Place(NamedTuple):
    """Where a list of customers goes on: after this one."""

    customer: Number


def listed(
    scope: Scope, ledger: Ledger, cell: str, *, cursor: str | None = None, most: int = 50
) -> dict[str, Any]:
    """The customers that a number counts, or whose touchpoints it counts (`matches`). Raises ListError."""
    asked = read_cell(cell, Cell, marked("this report"))
    if asked.number not in WHICH or asked.step not in scope.rule:
        raise no_cell(cell, marked("this report"))
    which, said = WHICH[asked.number]
    k = scope.rule.position(asked.step)
    after = read(cursor, Place).customer if cursor else 0
    found = customers_of(scope, which, step=k, after=after, most=most + 1)
    matches = {str(row["customer"]): row["matches"] for row in found[:most]}
    described = customers.described(scope.events, ledger, scope.project.id, [int(one) for one in matches])
    return {
        "title": of_step(scope.rule, k, tell(said)),
        "total": found[0]["total"] if found else 0,
        "customers": [{**one, "matches": matches[one["customer"]]} for one in described],
        "next": written(Place(found[most - 1]["customer"])) if len(found) > most else None,
    }


def everyone(scope: Scope, ledger: Ledger, cell: str) -> Iterator[Mapping[str, Any]]:
    """Every row of the list, page by page."""
    cursor: str | None = None
    while True:
        page = listed(scope, ledger, cell, cursor=cursor, most=500)
        yield from page["customers"]
        cursor = page["next"]
        if cursor is None:
            return


def table(rows: Iterator[Mapping[str, Any]]) -> Table:
    """A row a customer."""
    return ("customer", "matches", "events", "last_seen", "known_by", "identities"), (
        (
            *(one[name] for name in ("customer", "matches", "n", "last_seen", "known_by")),
            " ".join(identity["value"] for identity in one["identities"]),
        )
        for one in rows
    )
