"""Leases: work that one process does at a time, until it gives it back or says nothing more."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import ColumnElement, Engine, delete, update
from sqlalchemy.exc import NoResultFound

from store import kept as values
from store.db import writing
from store.tables import kept

LEASE_MS = 5 * 60_000  # who has said nothing for so long is taken for dead
FREE = "0 nobody"


class Leases:
    """What one process holds of the work that several share."""

    def __init__(self, engine: Engine, clock: Callable[[], int]) -> None:
        self._engine, self._clock = engine, clock
        self._holder = secrets.token_hex(8)

    def take(self, work: str) -> bool:
        """Take a piece of work that nobody holds, or whose holder is dead; False where another holds it."""
        try:
            known = values.value(self._engine, _name(work), first=FREE)
        except NoResultFound:  # given back in this moment; the next try takes it
            return False
        is_free = int(known.split(" ")[0]) <= self._clock()
        return is_free and self._hold(work, kept.c.value == known)

    def keep(self, work: str) -> bool:
        """Keep for longer what was taken; False where it was lost."""
        return self._hold(work, self._is_mine)

    def give_back(self, work: str) -> None:
        """Let others take it at once; nothing happens where it was lost."""
        with writing(self._engine) as connection:
            connection.execute(delete(kept).where(kept.c.name == _name(work), self._is_mine))

    @property
    def _is_mine(self) -> ColumnElement[bool]:
        return kept.c.value.endswith(f" {self._holder}")

    def _hold(self, work: str, known: ColumnElement[bool]) -> bool:
        mine = f"{self._clock() + LEASE_MS} {self._holder}"
        change = update(kept).where(kept.c.name == _name(work), known).values(value=mine)
        with writing(self._engine) as connection:
            return connection.execute(change).rowcount == 1


def _name(work: str) -> str:
    return f"lease.{work}"
