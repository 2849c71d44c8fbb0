"""Accounts in the place of customers: what the members of an account do is what it does."""

from __future__ import annotations

from journeys import resolution
from journeys.questions import question

# Accounts are numbers from this one on, customers and identities are below it: none is taken for the other.
FIRST = 2**63


def number_of(column: str) -> str:
    """SQL of the number of the account of this name."""
    return f"bitOr(sipHash64({column}), toUInt64({FIRST}))"


def acting(resolved: str = resolution.VIEW, which: str = "1") -> str:
    """SQL of the events of `resolved`, once for each account of their customer, which is named as `customer`.

    `which` is a condition on `account`, the number of an account. Binds `project`.
    """
    number = number_of("done.group_id")
    members = members_of(resolved, which)
    sql = question("account_events.acting", resolved=resolved, members=members, number=number)
    return f"({sql})"


def members_of(resolved: str = resolution.VIEW, which: str = "1") -> str:
    """SQL of (customer, account) for every member of those accounts; binds `project`."""
    number = number_of("group_id")
    return question("account_events.members", resolved=resolved, which=which, number=number)


def near() -> str:
    """SQL of the events of the bound `identities` with their customer."""
    return "(" + question("account_events.near") + ")"
