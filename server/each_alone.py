"""Finds out who is to blame where something cannot be stored of many together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import Engine

from store.event_errors import EventStoreError
from store.events import EventStore
from store.stamps import next_stamp

MOST_FAILURES = 60  # in one search for who is to blame; each of them takes some 14 among 10,000


class Known(Protocol):
    """Whoever knows the identities of customers, or of the members of accounts."""

    def identities_of(self, project: int, customers: Sequence[int], /) -> list[int]:
        """All identities whose events may be theirs."""
        ...


def each_alone(
    engine: Engine,
    events: EventStore,
    known: Known,
    project: int,
    customers: list[int],
    job: Callable[..., None],
) -> dict[int, str]:
    """Store what cannot be stored of all these customers together; returns who is to blame, and why.

    `job(customers, identities, stamp=)` stores it. Where very many are to blame, all that were not stored yet
    are. Raises EventStoreError where the store is away.
    """
    blamed: dict[int, str] = {}
    waiting, failures = [customers], 0
    while waiting:
        some = waiting.pop()
        try:
            stamp = next_stamp(engine)
            job(some, known.identities_of(project, some), stamp=stamp)
        except EventStoreError as error:
            if not events.takes_inserts():
                raise
            failures += 1
            if len(some) == 1 or failures > MOST_FAILURES:
                blamed |= dict.fromkeys(some, str(error))
            else:
                waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
    return blamed
