"""Computes the runs of accounts anew whose members have changed, or that have other members."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from journeys.account_runs import Led, Members, led, recompute
from journeys.busy import ACCOUNTS, Busy
from journeys.definitions import DefinitionError
from journeys.runs import works
from server.each_alone import each_alone
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Ledger
from store.identity.regrouping import is_regrouping
from store.journeys import JourneyVersion, fill_again

T = TypeVar("T")
log = logging.getLogger("waywiser.refreshing")
ACCOUNTS_AT_ONCE = 1_000
VERSIONS_AT_ONCE = 50


class Accounts:
    """Keeps the runs of accounts as the ledger and the events make them.

    One with very many events is put off: a customer who leads to it is noted in its place.
    """

    def __init__(self, engine: Engine, events: EventStore, ledger: Ledger, clock: Callable[[], int]) -> None:
        self._engine, self._events, self._ledger, self._clock = engine, events, ledger, clock
        self._members = Members(events, ledger)
        self.busy = Busy(events, self._members.identities_of, clock, ACCOUNTS)
        self._by: dict[tuple[int, int], int] = {}  # who is noted for an account, by project and account

    def refresh(
        self,
        project: int,
        versions: Sequence[JourneyVersion],
        customers: Sequence[int],
        identities: Sequence[int],
        stamp: int,
        *,
        patient: Collection[int] = (),
    ) -> dict[int, str]:
        """Store the runs anew of all accounts to which these customers lead.

        Those with very many events are put off where all who lead to them are `patient`: nothing but new
        events is told of them. Returns the customers of whom some account cannot be computed, and why.
        """
        found = led(self._events, project, versions, customers, identities)
        now = {one.account for one in found} - self._put_off(project, found, patient)
        for one in now:
            self._by.pop((project, one), None)
        blamed = self.recompute(project, versions, sorted(now), stamp)
        return {one.customer: blamed[one.account] for one in found if one.account in blamed}

    def noted(self, project: int) -> set[int]:
        """The customers who are noted for accounts that are put off: they must stay so."""
        return {customer for (where, _), customer in self._by.copy().items() if where == project}

    def _put_off(self, project: int, found: Sequence[Led], patient: Collection[int]) -> set[int]:
        """The accounts that are not computed now, which are noted.

        The same customer is noted again and again, so that others are not computed for an account's sake;
        another one where nobody knows of that note any more, as after an erasure.
        """
        leading = defaultdict[int, set[int]](set)
        for one in found:
            leading[one.account].add(one.customer)
        quiet = {account for account, some in leading.items() if some.issubset(patient)}
        busy = self.busy.among(project, quiet)
        if not busy or is_regrouping(self._engine, project):
            return set()
        noted = self._by.copy()  # whoever computes an account meanwhile takes its note away
        known = {account: noted.get((project, account), 0) for account in busy}
        waiting = self._ledger.waiting(project, set(known.values()))
        by = {
            account: known[account] if known[account] in waiting else min(leading[account])
            for account in busy
        }
        self._by.update({(project, account): customer for account, customer in by.items()})
        self._ledger.put_off(project, set(by.values()), now=self._clock())
        return busy

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
