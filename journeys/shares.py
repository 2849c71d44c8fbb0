"""Shares of a project's customers or accounts, by which what is large is computed in parts."""

from __future__ import annotations

from typing import NamedTuple

from journeys.definitions import Definition
from journeys.questions import question

# Customers and identities are numbers below this one.
NUMBERS = 2**63
SHARE = "customer >= {low:UInt64} and customer < {high:UInt64}"
# Accounts are numbers above those; without their highest bit they lie in the same shares.
SHARE_OF_ACCOUNTS = (
    "bitXor({0}, {{first:UInt64}}) >= {{low:UInt64}} and bitXor({0}, {{first:UInt64}}) < {{high:UInt64}}"
)


def bounds(part: int, total: int) -> dict[str, int]:
    """Between which numbers the customers of a part are."""
    return {"low": NUMBERS * part // total, "high": NUMBERS * (part + 1) // total}


class Share(NamedTuple):
    """Conditions on a share of the customers or accounts: on events, on stored rows, and on members."""

    events: str
    rows: str
    members: str


EVERYONE = Share("1", "1", "1")


def shares(definition: Definition) -> Share:
    """The share of the customers, or accounts, from the bound `low` up to `high`; binds `first`, too."""
    if definition.of_accounts:
        whose = SHARE_OF_ACCOUNTS.format("customer")
        return Share(whose, whose, SHARE_OF_ACCOUNTS.format("account"))
    return Share(share_of_events(), SHARE, "")


def share_of_events() -> str:
    """SQL that keeps the events of a share of the customers: few are read of others, as they lie apart."""
    near = "identity >= {low:UInt64} and identity < {high:UInt64}"
    far = question("shares.share")
    return f"({near} or identity in ({far})) and {SHARE}"
