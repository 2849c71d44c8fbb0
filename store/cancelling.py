"""Work that was cancelled in one process and is under way, or waits for its turn, in another one."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, delete, select

from store.db import writing
from store.tables_work import cancelled_work

KEPT_MS = 3_600_000  # whoever is at it looks every second


class Cancelling:
    """What the processes over one relational store tell each other of it. `clock` tells milliseconds."""

    def __init__(self, engine: Engine, clock: Callable[[], int]) -> None:
        self._engine = engine
        self._clock = clock

    def note(self, name: str) -> None:
        """Let the process that is at the work of this name know that it was cancelled."""
        now = self._clock()
        with writing(self._engine) as connection:
            connection.execute(delete(cancelled_work).where(cancelled_work.c.at <= now - KEPT_MS))
            connection.execute(cancelled_work.insert().values(name=name, at=now))

    def is_noted(self, name: str) -> bool:
        """Whether it was cancelled."""
        found = select(cancelled_work.c.id).where(cancelled_work.c.name == name).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(found) is not None
