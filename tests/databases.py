"""Empty, migrated databases of one embedded engine: emptying one takes a twentieth of the time of making one.

Also, the engine keeps what was dropped for some minutes, and becomes slower with each of these databases.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from store.events import EventStore
from store.migrate import migrate_events

TABLES = """
    select name, create_table_query as shape, total_rows as n
    from system.tables
    where database = currentDatabase()
    order by name"""
# What rewrites rows goes on in the background; the migrations do so as well.
REWRITES = """
    select mutation_id as shape
    from system.mutations
    where database = currentDatabase()
    order by table, mutation_id"""
Shape = list[str]


class Databases:
    """Lends databases, and lends again what came back with the shape that it had."""

    def __init__(self, engine: EventStore) -> None:
        self._engine = engine
        self._spare: list[tuple[EventStore, Shape]] = []

    @contextmanager
    def lent(self) -> Iterator[EventStore]:
        """An empty database for one test."""
        store, shape = self._empty()
        yield store
        tables = store.query(TABLES)
        if _shape(store, tables) == shape:
            for table in filter(_is_used, tables):
                store.command(f"truncate table `{table['name']}`")
            self._spare.append((self._taken_over(store), shape))
        else:
            store.command(f"drop database if exists `{store.database}`")
        store.close()

    def close(self) -> None:
        """Close the connections of all that came back."""
        for store, _ in self._spare:
            store.close()

    def _taken_over(self, store: EventStore) -> EventStore:
        """The same database by the same connections: to connect anew takes longer than to empty it.

        The former store has none any more, so that no thread of its test writes for the next one.
        """
        other = self._engine.sibling(store.database)
        store._connections, other._connections = other._connections, store._connections
        return other

    def _empty(self) -> tuple[EventStore, Shape]:
        while self._spare:
            store, shape = self._spare.pop()
            if not any(map(_is_used, store.query(TABLES))):
                return store, shape
            # A thread of the former test has written to it.
            store.command(f"drop database `{store.database}`")
            store.close()
        store = self._engine.sibling(f"t_{uuid.uuid4().hex[:12]}")
        migrate_events(store)
        return store, _shape(store, store.query(TABLES))


def _is_used(table: dict[str, Any]) -> bool:
    return bool(table["n"]) and table["name"] != "migrations_applied"


def _shape(store: EventStore, tables: list[dict[str, Any]]) -> Shape:
    return [one["shape"] for one in (*tables, *store.query(REWRITES))]
