"""Runs of accounts: one attempt is made by all members of an account together.

They are stored as those of customers are, under the number of the account, with who the members were.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from journeys import filters, runs
from journeys.account_events import acting, members_of, near, number_of
from journeys.definitions import parsed
from journeys.questions import question
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion
from store.stamps import by_clock

THESE = "account in {customers:Array(UInt64)}"


class Led(NamedTuple):
    """An account to which a customer leads."""

    account: int
    customer: int


class Members:
    """Tells the identities of the members of accounts."""

    def __init__(self, events: EventStore, ledger: Ledger) -> None:
        self._events, self._ledger = events, ledger

    def identities_of(self, project: int, accounts: Sequence[int]) -> list[int]:
        """All identities whose events may belong to members of these accounts."""
        return self._ledger.identities_of(project, sorted(self.of(project, accounts)))

    def of(self, project: int, accounts: Sequence[int]) -> set[int]:
        """Who may be a member of these accounts."""
        sql = question("account_runs.telling", number=number_of("group_id"))
        rows = self._events.query(sql, {"project": project, "accounts": list(accounts)})
        return self._ledger.customers_of(project, {row["identity"] for row in rows})


def led(
    events: EventStore,
    project: int,
    versions: Sequence[JourneyVersion],
    customers: Sequence[int],
    identities: Sequence[int],
) -> list[Led]:
    """The accounts whose runs these customers touch; `identities` are all that may be theirs."""
    sql = question("account_runs.led", members=members_of(near(), "customer in {customers:Array(UInt64)}"))
    values = {
        "project": project,
        "customers": list(customers),
        "identities": list(identities),
        "journey_versions": [one.id for one in versions],
    }
    return [Led(row["account"], row["customer"]) for row in events.query(sql, values)]


def recompute(
    events: EventStore,
    versions: Sequence[JourneyVersion],
    accounts: Sequence[int],
    identities: Sequence[int],
    *,
    stamp: int | None = None,
) -> None:
    """Store the runs of these accounts at these versions of one project anew.

    `identities` are all identities whose events may belong to members; `stamp` was taken before they were
    read.
    """
    params = filters.Params(
        project=versions[0].project_id, customers=list(accounts), identities=list(identities)
    )
    definitions = [parsed(one.definition) for one in versions]
    theirs, members = acting(near(), THESE), members_of(near(), THESE)
    whose, touched = "customer in {customers:Array(UInt64)}", question("account_runs.touched")
    found = runs.together(definitions, params, whose, resolved=theirs, emptied=touched)
    begun = by_clock() if stamp is None else stamp
    runs.store(events, versions, params, runs.Computed(found, members), begun)


def named(events: EventStore, project: int, numbers: Collection[int]) -> dict[int, str]:
    """What the accounts of these numbers are called by the events that tell of them."""
    if not numbers:
        return {}
    sql = question("account_runs.named", number=number_of("group_id"))
    rows = events.query(sql, {"project": project, "accounts": sorted(numbers)})
    return {row["number"]: row["account"] for row in rows}
