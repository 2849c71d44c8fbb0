"""The customers, or accounts, behind a number of "Why is this zero?", of whom many have no run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from journeys import customers
from journeys.account_events import FIRST
from journeys.account_runs import named
from journeys.cursors import Number, no_cell, read, read_cell, written
from journeys.lists import ALL, in_blocks, of_step
from journeys.report import Table
from journeys.scope import Scope
from journeys.zero import Cell, customers_of
from store.identity import Ledger
from store.words import marked, tell

WHICH = {
    "raw_matches": ("matches > 0", marked("customers with a touchpoint that matches")),
    "robots": ("matches > 0", marked("customers of whom robots have one that matches")),
    "customers": ("matches > 0", marked("customers with a touchpoint that matches")),
    "in_order": ("in_order", marked("customers with one in order")),
    "in_time": ("in_time", marked("customers with one in order and in time")),
}
OF_ACCOUNTS = {
    "raw_matches": marked("accounts with a touchpoint that matches"),
    "robots": marked("accounts of whom robots have one that matches"),
    "customers": marked("accounts with a touchpoint that matches"),
    "in_order": marked("accounts with one in order"),
    "in_time": marked("accounts with one in order and in time"),
}


class Place(NamedTuple):
    """Where a list goes on: after this customer, or this account, counted from the first account."""

    customer: Number


def listed(
    scope: Scope, ledger: Ledger, cell: str, *, cursor: str | None = None, most: int = 50
) -> dict[str, Any]:
    """Whom a number counts, or whose touchpoints it counts (`matches`); raises ListError.

    These are `customers`, or where the runs are those of accounts, `accounts` by their names.
    """
    first = FIRST if scope.rule.of_accounts else 0
    after = first + read(cursor, Place).customer if cursor else 0
    title, asked = _asked(scope, cell, after, most + 1)
    found = scope.events.query(*asked)
    matches = {row["customer"]: row["matches"] for row in found[:most]}
    return {
        "title": title,
        "total": found[0]["total"] if found else 0,
        "customers": [] if scope.rule.of_accounts else _customers(scope, ledger, matches),
        "accounts": _accounts(scope, matches) if scope.rule.of_accounts else [],
        "next": written(Place(found[most - 1]["customer"] - first)) if len(found) > most else None,
    }


def _asked(scope: Scope, cell: str, after: int, most: int) -> tuple[str, tuple[str, dict[str, Any]]]:
    """What a list shows in words, and the SQL of its rows after a customer with what it binds."""
    asked = read_cell(cell, Cell, marked("this report"))
    if asked.number not in WHICH or asked.step not in scope.rule:
        raise no_cell(cell, marked("this report"))
    which, said = WHICH[asked.number]
    k = scope.rule.position(asked.step)
    n = "sum(robots)" if asked.number == "robots" else "sum(countEqual(matching, 1))"
    title = of_step(scope.rule, k, tell(OF_ACCOUNTS[asked.number] if scope.rule.of_accounts else said))
    return title, customers_of(scope, which, n=n, step=k, after=after, most=most)


def _customers(scope: Scope, ledger: Ledger, matches: Mapping[int, int]) -> list[dict[str, Any]]:
    described = customers.described(scope.events, ledger, scope.project.id, list(matches))
    return [{**one, "matches": matches[int(one["customer"])]} for one in described]


def _accounts(scope: Scope, matches: Mapping[int, int]) -> list[dict[str, Any]]:
    names = named(scope.events, scope.project.id, matches)
    return [{"account": names.get(one, ""), "matches": n} for one, n in matches.items()]


def everyone(scope: Scope, ledger: Ledger, cell: str) -> Iterator[Mapping[str, Any]]:
    """Every row of the list, in one pass; raises ListError."""
    _, asked = _asked(scope, cell, 0, ALL)
    for rows in in_blocks(scope.events.stream(*asked), customers.AT_ONCE):
        matches = {row["customer"]: row["matches"] for row in rows}
        if scope.rule.of_accounts:
            yield from _accounts(scope, matches)
        else:
            yield from _customers(scope, ledger, matches)


def table(scope: Scope, rows: Iterator[Mapping[str, Any]]) -> Table:
    """A row a customer, or an account."""
    if scope.rule.of_accounts:
        return ("account", "matches"), ((one["account"], one["matches"]) for one in rows)
    return customers.table(rows, "matches")
