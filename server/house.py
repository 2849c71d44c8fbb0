"""Opens the stores and the long-lived parts of one process, and closes them in the right order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from types import TracebackType

from collector.carrier import Carrier
from collector.pipeline import Tools
from collector.worker import Worker
from server.checker import Checker
from server.chore import Chore
from server.erasing import Eraser, Erasing
from server.filler import Filler
from server.housekeeping import Housekeeping
from server.opening import now_ms, open_events, open_inbox, open_relational
from server.refreshing import Refresher
from server.regrouping import Regrouper
from server.retaining import tidy
from store.batches import Batches
from store.claims import Claims
from store.identity import Ledger
from store.migrate import migrate_events
from store.news import News
from store.plans import KnownPlans
from store.privacy.suppression import KnownSuppressions
from store.rules import KnownRules
from store.settings import Settings


class House:
    """The stores and background threads of one process.

    Open it after the process has forked. `with House(settings) as house:` closes it.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = open_relational(settings)
        self.events = open_events(settings)
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
        self.checker = Checker(self.engine, self.events, self.ledger, now_ms)
        jobs = self.refresher, self.filler, self.regrouper, self.housekeeping, self.erasing, self.checker
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

    def start_background(self, *more: Chore) -> None:
        """Start the worker and all jobs."""
        self.start_jobs(*more)
        self.worker.start()

    def start_jobs(self, *more: Chore) -> None:
        """Make up for what a former process left, and start what runs beside a worker: the filling of new
        journey versions, the regrouping of identities, the housekeeping, the erasing, the checks of runs, and
        `more`."""
        self.chores += more
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
