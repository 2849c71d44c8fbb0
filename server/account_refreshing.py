"""Computes the runs of accounts anew whose members have changed, or that have other members."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from journeys.account_runs import Members, led, recompute
from journeys.definitions import DefinitionError
from journeys.runs import works
from server.each_alone import each_alone
from store.events import EventStore, EventStoreError
from store.identity import Ledger
from store.journeys import JourneyVersion, fill_again

T = TypeVar("T")
log = logging.getLogger("waywiser.refreshing")
ACCOUNTS_AT_ONCE = 1_000
VERSIONS_AT_ONCE = 50


class Accounts:
    """Keeps the runs of accounts as the ledger and the events make them."""

    def __init__(self, engine: Engine, events: EventStore, ledger: Ledger) -> None:
        self._engine, self._events = engine, events
        self._members = Members(events, ledger)

    def refresh(
        self,
        project: int,
        versions: Sequence[JourneyVersion],
        customers: Sequence[int],
        identities: Sequence[int],
        stamp: int,
    ) -> dict[int, str]:
        """Store the runs anew of all accounts to which these customers lead.

        Returns the customers of whom some account cannot be computed, and why.
        """
        found = led(self._events, project, versions, customers, identities)
        blamed = self.recompute(project, versions, sorted({one.account for one in found}), stamp)
        return {one.customer: blamed[one.account] for one in found if one.account in blamed}

    def recompute(
        self, project: int, versions: Sequence[JourneyVersion], accounts: Sequence[int], stamp: int
    ) -> dict[int, str]:
        """Store the runs of these accounts anew; returns which cannot be computed, and why."""
        blamed: dict[int, str] = {}
        for some in portions(accounts, ACCOUNTS_AT_ONCE):
            identities = self._members.identities_of(project, some)
            for part in portions(versions, VERSIONS_AT_ONCE):
                try:
                    recompute(self._events, part, some, identities, stamp=stamp)
                except (EventStoreError, DefinitionError):
                    if not self._events.takes_inserts():
                        raise
                    for version in part:
                        blamed |= self._recompute(project, version, some)
        return blamed

    def _recompute(self, project: int, version: JourneyVersion, some: Sequence[int]) -> dict[int, str]:
        """The same of one version that could not be computed beside others."""
        if works(self._events, version):
            job = partial(recompute, self._events, [version])
            return each_alone(self._engine, self._events, self._members, project, list(some), job)
        log.error("the runs of %s cannot be computed; it waits to be filled", version.definition["key"])
        fill_again(self._engine, version.id)
        return {}

    def members(self, project: int, accounts: Sequence[int]) -> set[int]:
        """Who may be a member of these accounts."""
        return self._members.of(project, accounts)


def portions(whole: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The whole in parts of at most so many."""
    return (whole[start : start + most] for start in range(0, len(whole), most))
