"""Opens the stores and the long-lived parts of one process, and closes them in the right order."""

from __future__ import annotations

import gc
import logging
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from collector.carrier import Carrier
from collector.pipeline import Tools
from collector.worker import Worker
from server.digesting import Digester
from server.erasing import Eraser, Erasing
from server.filler import Filler
from server.housekeeping import Housekeeping
from server.refreshing import Refresher
from server.regrouping import Regrouper
from server.retaining import tidy
from store.batches import Batches
from store.claims import Claims
from store.db import StoreUnavailable, open_db
from store.disk import is_short
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Inbox
from store.migrate import current, migrate_db, migrate_events, newest
from store.news import News
from store.plans import KnownPlans
from store.privacy.suppression import KnownSuppressions
from store.rules import KnownRules
from store.settings import Settings

log = logging.getLogger("waywiser")
SNIPPET = Path(__file__).parents[1] / "js_snippet" / "dist"


class NotMigrated(Exception):
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


def open_inbox(engine: Engine, settings: Settings) -> Inbox:
    """The door's side of the inbox, within the limits of the settings."""
    return Inbox(engine, limit=settings.inbox_limit, lacks_room=partial(is_short, settings))


def migrate(settings: Settings, *, cluster: str | None = None) -> tuple[str, list[str]]:
    """Bring both stores to their newest shape; returns the revision and the applied event migrations.

    A `cluster` is where the event store's tables are to lie.
    """
    engine = open_relational(settings, must_be_current=False)
    events = EventStore(settings.events_url)
    try:
        return migrate_db(engine), migrate_events(events, cluster=cluster)
    finally:
        events.close()
        engine.dispose()


class House:
    """The stores and background threads of one process.

    Open it after the process has forked. `with House(settings) as house:` closes it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = open_relational(settings)
        self.events = EventStore(settings.events_url)
        migrate_events(self.events)
        self.ledger = Ledger(self.engine, self.events)
        self.inbox = open_inbox(self.engine, settings)
        self._suppressed = KnownSuppressions(self.engine).of
        self.filler = Filler(self.engine, self.events)
        self.refresher = Refresher(self.engine, self.events, self.ledger, self._suppressed, now_ms)
        self.eraser = Eraser(self.engine, self.events, self.ledger, settings, now_ms, self.refresh)
        self.erasing = Erasing(self.eraser)
        self.housekeeping = Housekeeping(
            self.engine, self.events, settings, now_ms, daily=partial(tidy, self.eraser)
        )
        self.regrouper = Regrouper(self.engine, self.ledger, self.refresh, now_ms)
        self.digester = Digester(self.engine, self.events, settings, now_ms)
        jobs = (
            *(self.refresher, self.filler, self.regrouper, self.housekeeping, self.erasing),
            self.digester,
        )
        self.chores = [job.chore for job in jobs]
        self.batches = Batches(self.engine)
        known = KnownRules(self.engine).of, KnownPlans(self.engine).of, self._suppressed
        carrier = Carrier(
            batches=self.batches,
            claims=None if self.events.embedded else Claims(self.engine),
            events=self.events,
            ledger=self.ledger,
            tools=Tools.opened(settings, *known),
            clock=now_ms,
            after=self.refresh,
        )
        self.worker = Worker(carrier, most_events=settings.batch_events)

    def refresh(self, project_id: int, customers: Iterable[int], news: News | None = None) -> None:
        """Compute the runs of these customers anew, for all journeys that concern them, and the sessions."""
        self.refresher.refresh(project_id, customers, news)

    def start_background(self) -> None:
        """Start the worker and all jobs."""
        self.start_jobs()
        self.worker.start()

    def start_jobs(self) -> None:
        """Make up for what a former process left, and start what runs beside a worker: the filling of new
        journey versions, the regrouping of identities, the housekeeping, and the erasing."""
        if self.events.embedded:
            self.batches.release_all()  # the folder's lock says that no other worker is alive
        self.ledger.catch_up()
        for chore in self.chores:
            chore.start()

    def close(self) -> None:
        """Stop the door's inbox first, then who reads it, then the stores."""
        self.inbox.close()
        self.worker.stop()
        for chore in self.chores:
            chore.stop()
        self.refresher.close()
        self.events.close()
        self.engine.dispose()

    def __enter__(self) -> House:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
