"""Opens the relational store: SQLite with a write-ahead log, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url


class StoreUnavailable(Exception):
    """A store cannot be opened; the message names the cause and the cure."""


def open_db(url: str, *, sync: str = "full") -> Engine:
    """Open the relational store at `url`; `sync` is SQLite's `synchronous` level.

    Raises StoreUnavailable when the folder of an SQLite file cannot be made.
    """
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        return create_engine(address, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)
    if address.database and address.database != ":memory:":
        make_folder(Path(address.database).parent)
    connect = {"timeout": 30, "check_same_thread": False}
    # Errors must not carry the values: they are people's ids.
    engine = create_engine(address, connect_args=connect, pool_size=20, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=wal", f"synchronous={sync}", "foreign_keys=on", "cache_size=-32000"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("waywiser_write")
        connection.exec_driver_sql("begin immediate" if write else "begin")

    return engine


def make_folder(folder: Path) -> None:
    """Make a data folder; says in one sentence why it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StoreUnavailable(
            f"the folder {folder} cannot be written ({error.strerror}); "
            "make it writable for this user or set WAYWISER_DATABASE_URL and WAYWISER_EVENTS_URL to others"
        ) from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write: takes SQLite's write lock at once, so that it cannot fail half way."""
    with engine.connect().execution_options(waywiser_write=True) as connection, connection.begin():
        yield connection
