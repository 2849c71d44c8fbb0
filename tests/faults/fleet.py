"""The grown shape: several collectors and workers on one relational store and one shared event store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from store.db import open_db
from store.drops import drops_by_code
from store.events import EventStore
from store.inbox import waiting
from tests.installation import Installation, Running, eventually, free_port

LEASE_MS = 3_000  # in place of a minute, so that the batch of a dead worker is soon taken by another


class Fleet(Installation):
    """Processes that share two stores."""

    def __init__(self, folder: Path, *, database: str, events: str, **settings: str) -> None:
        super().__init__(folder, DATABASE_URL=database, EVENTS_URL=events, **settings)
        self._database, self.events_address = database, events

    def collector(self, *, port: int | None = None) -> Running:
        """Start a collector."""
        return self.spawn("collector", port=port or free_port())

    def worker(self, fate: str = "none") -> Running:
        """Start a worker whose lease is short; `fate` is what happens to it, see `frail`."""
        return self.spawn(str(LEASE_MS), fate, "worker", module="tests.faults.frail")

    def drained(self) -> bool:
        """Wait until no envelope waits."""
        return drained(self._database)

    def stored(self) -> list[str]:
        """The message id of every stored event."""
        return [row["message_id"] for row in self.ask("select message_id from events")]

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Ask the event store."""
        with shared_store(self.events_address) as store:
            return store.query(sql)

    def set_aside(self) -> dict[str, int]:
        """How many events were set aside, by reason."""
        return set_aside(self._database)


def drained(database: str) -> bool:
    """Wait until no envelope waits in this relational store."""
    with relational(database) as engine:
        return eventually(lambda: waiting(engine), lambda n: n == 0, seconds=90) == 0


def set_aside(database: str) -> dict[str, int]:
    """How many events of the first project were set aside in this relational store, by reason."""
    with relational(database) as engine:
        return drops_by_code(engine, 1)


@contextmanager
def relational(database: str) -> Iterator[Engine]:
    """A relational store, opened to ask it something."""
    engine = open_db(database)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def shared_store(address: str) -> Iterator[EventStore]:
    """A shared event store, opened to ask it something."""
    store = EventStore(address)
    try:
        yield store
    finally:
        store.close()
