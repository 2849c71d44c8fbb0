"""Customers or accounts with very many events, such as a shared kiosk: to go through them takes long."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from journeys.account_events import acting, near
from journeys.account_runs import THESE
from journeys.questions import question
from store.events import EventStore

MANY = 10_000  # events of a customer: to go through them takes some five times as long as through few
OFTEN = 20  # times within a minute
MINUTE_MS = 60_000
REMEMBERED_MS = 10 * MINUTE_MS

Customer = tuple[int, int]  # project and number
log = logging.getLogger("waywiser.refreshing")


class Whose(NamedTuple):
    """Who has the events: in a word, and SQL of the events of the bound `identities`, each as theirs."""

    kind: str
    events: str


CUSTOMERS = Whose("customer", near())
ACCOUNTS = Whose("account", acting(near(), THESE))


class Busy:
    """Finds them among those who are computed again and again. `identities_of` are all that may be theirs."""

    def __init__(
        self,
        events: EventStore,
        identities_of: Callable[[int, Sequence[int]], list[int]],
        clock: Callable[[], int],
        whose: Whose = CUSTOMERS,
    ) -> None:
        self._events, self._identities_of, self._clock = events, identities_of, clock
        self._whose = whose
        self._guard = threading.Lock()
        self._minute = 0
        self._times: Counter[Customer] = Counter()
        self._until: dict[Customer, int] = {}

    def among(self, project: int, customers: Collection[int]) -> set[int]:
        """Those of these customers, who are about to be computed, who are busy."""
        now = self._clock()
        with self._guard:
            self._until = {one: until for one, until in self._until.items() if until > now}
            known = {one for one in customers if (project, one) in self._until}
            often = self._counted(now, [(project, one) for one in customers if one not in known])
        if often:
            found = self._asked(project, often)
            with self._guard:
                self._until |= {(project, one): now + REMEMBERED_MS for one in found}
            known |= found
        return known

    @property
    def n(self) -> int:
        """How many are known at this moment."""
        now = self._clock()
        with self._guard:
            return sum(until > now for until in self._until.values())

    def _counted(self, now: int, customers: list[Customer]) -> list[int]:
        """Those whose turn it is so often that it is worth a question."""
        if now // MINUTE_MS != self._minute:
            self._minute, self._times = now // MINUTE_MS, Counter()
        self._times.update(customers)
        return [one for project, one in customers if self._times[project, one] == OFTEN]

    def _asked(self, project: int, customers: list[int]) -> set[int]:
        identities = self._identities_of(project, customers)
        found = counted(self._events, project, customers, identities, many=MANY, whose=self._whose)
        for one, n in found.items():
            told = "%s %d of project %d has %d events, and is counted about once a minute from now on"
            log.info(told, self._whose.kind, one, project, n)
        return set(found)


def counted(
    events: EventStore,
    project: int,
    customers: Sequence[int],
    identities: Sequence[int],
    *,
    many: int,
    whose: Whose = CUSTOMERS,
) -> dict[int, int]:
    """Those of these customers with more than so many events, and how many; `identities` are all theirs."""
    values = {"project": project, "customers": list(customers), "identities": list(identities), "many": many}
    sql = question("busy.counted", events=whose.events)
    return {row["customer"]: row["n"] for row in events.query(sql, values)}
