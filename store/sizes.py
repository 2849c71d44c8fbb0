"""How much room the stores take."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text

from store.events import EventStore

BESIDE = ("", "-wal", "-shm")  # the files of one SQLite database


def relational_bytes(engine: Engine) -> int:
    """The size of the relational store."""
    if engine.dialect.name == "sqlite":
        files = [Path(f"{engine.url.database}{ending}") for ending in BESIDE]
        return sum(one.stat().st_size for one in files if one.is_file())
    with engine.connect() as connection:
        return int(connection.scalar(text("select pg_database_size(current_database())")) or 0)


def events_bytes(events: EventStore) -> int:
    """The size of the event store's tables; on a cluster with all copies."""
    row = events.query(
        f"select sum(bytes_on_disk) as size from {events.system('parts')} "  # noqa: S608
        "where database = {database:String} and active",
        {"database": events.database},
    )[0]
    return int(row["size"])
