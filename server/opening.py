"""What every command begins with: clock, log, the relational store, and stores of the newest shape."""

from __future__ import annotations

import gc
import logging
import sys
import time
from functools import partial
from pathlib import Path

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from store.complaint import Complaint
from store.db import Connections, StoreUnavailable, open_db
from store.disk import is_short
from store.events import EventStore
from store.inbox import Inbox
from store.migrate import current, migrate_db, migrate_events, newest
from store.settings import Settings

SNIPPET = Path(__file__).parents[1] / "js_snippet" / "dist"


class NotMigrated(Complaint):
    """A store has not the shape that this program needs."""


def now_ms() -> int:
    """The time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def tune_interpreter() -> None:
    """For processes that carry events.

    Events are thousands of small objects that refer to nothing back: looking for cycles among them after
    every 700 took a quarter of the pipeline's time. And a thread that comes back from a store waits for the
    interpreter while another one computes: half a millisecond, not five.
    """
    gc.set_threshold(50_000, 20, 50)
    sys.setswitchinterval(0.0005)


def start_logging(settings: Settings) -> None:
    """Log lines to standard error, from the set level on."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if settings.log_level != "debug":  # how connections come and go, which reads like a fault
        logging.getLogger(f"{Connections.__module__}.{Connections.__name__}").setLevel(logging.WARNING)


def say_address(settings: Settings) -> None:
    """Tell whoever started a server where it is: to be called once that listens."""
    click.echo(f"Waywiser   {settings.address}")


def open_relational(settings: Settings, *, must_be_current: bool = True) -> Engine:
    """Open the relational store; raises StoreUnavailable, or NotMigrated with the cure."""
    try:
        engine = open_db(settings.database_url, sync=settings.inbox_sync)
        revision = current(engine)
    except (SQLAlchemyError, TypeError, ValueError) as error:  # the last two: options of an address
        cause = str(error.__cause__ or error).strip().splitlines()[0]
        raise StoreUnavailable(
            f"the relational store cannot be opened ({cause}); check WAYWISER_DATABASE_URL"
        ) from None
    if must_be_current and revision != newest():
        raise NotMigrated("the stores are not migrated to this version; run `waywiser migrate`")
    return engine


def open_events(settings: Settings) -> EventStore:
    """Open the event store; raises StoreUnavailable."""
    return EventStore(settings.events_url, memory_mb=settings.events_memory_mb)


def open_inbox(engine: Engine, settings: Settings) -> Inbox:
    """The door's side of the inbox, within the limits of the settings."""
    return Inbox(engine, limit=settings.inbox_limit, lacks_room=partial(is_short, settings))


def migrate(settings: Settings, *, cluster: str | None = None) -> tuple[str, list[str]]:
    """Bring both stores to their newest shape; returns the revision and the applied event migrations.

    A `cluster` is where the event store's tables are to lie.
    """
    engine = open_relational(settings, must_be_current=False)
    events = open_events(settings)
    try:
        return migrate_db(engine), migrate_events(events, cluster=cluster)
    finally:
        events.close()
        engine.dispose()
