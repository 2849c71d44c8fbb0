"""Opens the stores and the long-lived parts of one process, and closes them in the right order."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from collector.carrier import Carrier
from collector.pipeline import Tools
from collector.worker import Worker
from journeys import sessions
from journeys.definitions import DefinitionError
from journeys.generations import Generation, Wanted, count_again, ensured, wanted_of
from journeys.runs import CUSTOMERS_AT_ONCE, recompute
from server.erasing import Eraser, Erasing
from server.filler import Filler
from server.housekeeping import Housekeeping
from server.regrouping import Regrouper
from server.retaining import tidy
from store.batches import Batches
from store.claims import Claims
from store.db import StoreUnavailable, open_db
from store.disk import is_short
from store.events import EventStore, EventStoreError
from store.identity import Ledger
from store.inbox import Inbox
from store.journeys import JourneyVersion, fill_again, kept_versions
from store.migrate import current, migrate_db, migrate_events, newest
from store.plans import KnownPlans
from store.privacy.suppression import KnownSuppressions
from store.rules import KnownRules
from store.settings import Settings

log = logging.getLogger("waywiser")


class NotMigrated(Exception):
    """A store has not the shape that this program needs."""


def now_ms() -> int:
    """The time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def collect_garbage_rarely() -> None:
    """Events are thousands of small objects that refer to nothing back: looking for cycles among them after
    every 700 took a quarter of the pipeline's time."""
    gc.set_threshold(50_000, 20, 50)


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


def migrate(settings: Settings) -> tuple[str, list[str]]:
    """Bring both stores to their newest shape; returns the revision and the applied event migrations."""
    engine = open_relational(settings, must_be_current=False)
    events = EventStore(settings.events_url)
    try:
        return migrate_db(engine), migrate_events(events)
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
        self.eraser = Eraser(self.engine, self.events, self.ledger, settings, now_ms, self.refresh)
        self.erasing = Erasing(self.eraser)
        self.housekeeping = Housekeeping(
            self.engine, self.events, settings, now_ms, daily=partial(tidy, self.eraser)
        )
        self.regrouper = Regrouper(self.engine, self.events, self.ledger, self.refresh, now_ms)
        jobs = self.filler, self.regrouper, self.housekeeping, self.erasing
        self._chores = [job.chore for job in jobs]
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="runs")
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

    def refresh(self, project_id: int, customers: Iterable[int]) -> None:
        """Compute the runs of these customers anew, for every journey of the project, and their sessions.

        Of who was erased meanwhile nothing is counted any more.
        """
        ordered = self._suppressed(project_id).without(customers)
        if not ordered:
            return
        versions = kept_versions(self.engine, project_id)
        wanted = wanted_of(self.engine, project_id)
        recount = partial(self._recount, wanted=wanted)
        generations = ensured(self.events, project_id, wanted)
        for start in range(0, len(ordered), CUSTOMERS_AT_ONCE):
            some = ordered[start : start + CUSTOMERS_AT_ONCE]
            whose = {"some": some, "identities": self.ledger.identities_of(project_id, some)}
            jobs = [partial(self._recompute, one, **whose) for one in versions]
            jobs += [partial(recount, one, **whose) for one in generations]
            # Much of a small recomputation is planning, which uses one core: two go side by side.
            for done in [self._pool.submit(job) for job in jobs]:
                done.result()

    def _recount(
        self, generation: Generation, some: list[int], identities: list[int], wanted: Wanted
    ) -> None:
        """Sessions that cannot be counted must not hold up the events: all are counted anew later."""
        try:
            sessions.recompute(self.events, generation, wanted.key_events, some, identities)
        except EventStoreError:
            project = generation.project_id
            log.exception("the sessions of project %d could not be counted; all are counted anew", project)
            count_again(self.events, project, wanted)

    def _recompute(self, version: JourneyVersion, some: list[int], identities: list[int]) -> None:
        """One journey that cannot be computed must not hold up the events of all others."""
        try:
            recompute(self.events, version, some, identities)
        except (EventStoreError, DefinitionError):
            log.exception(
                "the runs of %s could not be computed; it is filled again", version.definition["key"]
            )
            fill_again(self.engine, version.id)

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
        for chore in self._chores:
            chore.start()

    def close(self) -> None:
        """Stop the door's inbox first, then who reads it, then the stores."""
        self.inbox.close()
        self.worker.stop()
        for chore in self._chores:
            chore.stop()
        self._pool.shutdown()
        self.events.close()
        self.engine.dispose()

    def __enter__(self) -> House:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
