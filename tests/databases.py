"""Empty, migrated databases of one embedded engine: emptying one takes a twentieth of making one."""

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
IS_CHANGING = "select 1 from system.mutations where database = currentDatabase() limit 1"


class Databases:
    """Lends databases, and lends again what came back with the shape that it had."""

    def __init__(self, engine: EventStore) -> None:
        self._engine = engine
        self._spare: list[tuple[str, list[str]]] = []

    @contextmanager
    def lent(self) -> Iterator[EventStore]:
        """An empty database for one test."""
        store, shape = self._empty()
        yield store
        if not store.query(IS_CHANGING) and self._emptied(store) == shape:
            self._spare.append((store.database, shape))
        else:
            store.command(f"drop database if exists `{store.database}`")
        store.close()

    def _empty(self) -> tuple[EventStore, list[str]]:
        while self._spare:
            name, shape = self._spare.pop()
            store = self._engine.sibling(name)
            if not any(_is_used(table) for table in store.query(TABLES)):
                return store, shape
            store.command(f"drop database `{name}`")  # a thread of the former test has written to it
            store.close()
        store = self._engine.sibling(f"t_{uuid.uuid4().hex[:12]}")
        migrate_events(store)
        return store, [table["shape"] for table in store.query(TABLES)]

    def _emptied(self, store: EventStore) -> list[str]:
        """Empty the tables; returns their shape."""
        tables = store.query(TABLES)
        for table in tables:
            if _is_used(table):
                store.command(f"truncate table `{table['name']}`")
        return [table["shape"] for table in tables]


def _is_used(table: dict[str, Any]) -> bool:
    return bool(table["n"]) and table["name"] != "migrations_applied"
