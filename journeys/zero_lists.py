"""The customers, or accounts, behind a number of "Why is this zero?", of whom many have no run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from journeys import customers
from journeys.account_events import FIRST
from journeys.account_runs import named
from journeys.cursors import Number, no_cell, read, read_cell, written
from journeys.definitions import Matcher
from journeys.filters import Params, any_of
from journeys.lists import ALL, in_blocks, of_step
from journeys.report import Table
from journeys.scope import Scope
from journeys.zero import SIMILAR_NAME, WITHOUT_CONDITIONS, Cell, customers_of, loosely
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
# Touchpoints that need not match: they are no account's, since nothing was made of them.
OF_ANY = {
    WITHOUT_CONDITIONS: marked("customers with a touchpoint of its name, whatever its conditions say"),
    SIMILAR_NAME: marked("customers with “%(event)s”"),
}


class Place(NamedTuple):
    """Where a list goes on: after this customer, or this account, counted from the first account."""

    customer: Number


class Wanted(NamedTuple):
    """A list: what it shows in words, whether that is accounts, and SQL of its rows with what it binds.

    The SQL is asked with the bound `after`, the customer or account before the first row, and `most`.
    """

    title: str
    of_accounts: bool
    sql: str
    values: dict[str, Any]

    def rows(self, after: int, most: int) -> tuple[str, dict[str, Any]]:
        """The SQL of so many rows after one."""
        return self.sql, {**self.values, "after": after, "most": most}


def listed(
    scope: Scope, ledger: Ledger, cell: str, *, cursor: str | None = None, most: int = 50
) -> dict[str, Any]:
    """Whom a number counts, or whose touchpoints it counts (`matches`); raises ListError.

    These are `customers`, or where the runs are those of accounts and the touchpoints match, `accounts` by
    their names.
    """
    wanted = _wanted(scope, cell)
    first = FIRST if wanted.of_accounts else 0
    after = first + read(cursor, Place).customer if cursor else 0
    found = scope.events.query(*wanted.rows(after, most + 1))
    matches = {row["customer"]: row["matches"] for row in found[:most]}
    return {
        "title": wanted.title,
        "total": found[0]["total"] if found else 0,
        "customers": [] if wanted.of_accounts else _customers(scope, ledger, matches),
        "accounts": _accounts(scope, matches) if wanted.of_accounts else [],
        "next": written(Place(found[most - 1]["customer"] - first)) if len(found) > most else None,
    }


def _wanted(scope: Scope, cell: str) -> Wanted:
    """The list of a cell; raises ListError."""
    asked = read_cell(cell, Cell, marked("this report"))
    is_known = asked.number in (*WHICH, *OF_ANY) and (asked.number == SIMILAR_NAME) == bool(asked.event)
    if not is_known or asked.step not in scope.rule:
        raise no_cell(cell, marked("this report"))
    k, of_accounts = scope.rule.position(asked.step), scope.rule.of_accounts
    if asked.number in OF_ANY:
        said = tell(OF_ANY[asked.number], event=asked.event)
        return Wanted(of_step(scope.rule, k, said), False, *_named(scope, asked, k))
    which, said = WHICH[asked.number]
    n = "sum(robots)" if asked.number == "robots" else "sum(countEqual(matching, 1))"
    title = of_step(scope.rule, k, tell(OF_ACCOUNTS[asked.number] if of_accounts else said))
    return Wanted(title, of_accounts, *customers_of(scope, which, n=n, step=k))


def _named(scope: Scope, asked: Cell, k: int) -> tuple[str, dict[str, Any]]:
    """SQL of the customers of touchpoints that bear the step's name, or one like it, and what it binds."""
    similar = [Matcher(event=asked.event)] if asked.number == SIMILAR_NAME else []

    def slots(params: Params) -> dict[str, str]:
        named = any_of(similar, params) if similar else loosely(scope.rule, k, params)
        return {"customers": scope.with_customers, "named": named}

    return scope.ask("zero_lists.named", slots=slots)


def _customers(scope: Scope, ledger: Ledger, matches: Mapping[int, int]) -> list[dict[str, Any]]:
    described = customers.described(scope.events, ledger, scope.project.id, list(matches))
    return [{**one, "matches": matches[int(one["customer"])]} for one in described]


def _accounts(scope: Scope, matches: Mapping[int, int]) -> list[dict[str, Any]]:
    names = named(scope.events, scope.project.id, matches)
    return [{"account": names.get(one, ""), "matches": n} for one, n in matches.items()]


def everyone(scope: Scope, ledger: Ledger, cell: str) -> Iterator[Mapping[str, Any]]:
    """Every row of the list, in one pass; raises ListError."""
    wanted = _wanted(scope, cell)
    for rows in in_blocks(scope.events.stream(*wanted.rows(0, ALL)), customers.AT_ONCE):
        matches = {row["customer"]: row["matches"] for row in rows}
        if wanted.of_accounts:
            yield from _accounts(scope, matches)
        else:
            yield from _customers(scope, ledger, matches)


def table(scope: Scope, cell: str, rows: Iterator[Mapping[str, Any]]) -> Table:
    """A row a customer, or an account; raises ListError."""
    if _wanted(scope, cell).of_accounts:
        return ("account", "matches"), ((one["account"], one["matches"]) for one in rows)
    return customers.table(rows, "matches")
