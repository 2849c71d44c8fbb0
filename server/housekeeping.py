"""Keeps the stores in bounds: forgets once an hour what is older than the settings allow.

`daily` is asked as often, and sees to it itself that its work is done once a day.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType

from sqlalchemy import Engine

from store.events import EventStore
from store.forgetting import forget_claims, forget_counts, forget_drops
from store.settings import Settings

log = logging.getLogger("waywiser.housekeeping")

DAY_MS = 86_400_000
EVERY_S = 3600.0
BREATH_S = 0.1  # between two bites, for those who wait to write
COUNTS_DAYS = 400  # of the ingestion page: a year and a month to compare


class Housekeeping:
    """A thread that tidies up. Each process may have one: what one has done, the others find done."""

    def __init__(
        self,
        engine: Engine,
        events: EventStore,
        settings: Settings,
        clock: Callable[[], int],
        *,
        daily: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._events = events
        self._settings = settings
        self._clock = clock
        self._daily = daily
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Tidy up now, and every hour from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the bite in hand."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    def tidy(self) -> None:
        """Forget all that is too old now."""
        self._events.keep_messages(self._settings.retention_days)
        forget_claims(self._engine)
        # A drop must not outlive what is known of its copies: run again, it would be counted twice.
        days = min(self._settings.drops_days, self._settings.retention_days)
        for what, forget, kept_days in (
            ("refused events", forget_drops, days),
            ("ingestion counts", forget_counts, COUNTS_DAYS),
        ):
            before = self._clock() - kept_days * DAY_MS
            total = 0
            while not self._stopping.is_set() and (gone := forget(self._engine, before)):
                total += gone
                self._stopping.wait(BREATH_S)
            if total:
                log.info("%d %s older than %d days are forgotten", total, what, kept_days)
        if not self._stopping.is_set():
            self._daily()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.tidy()
            except Exception as error:  # whatever a store says, the next hour may be better
                log.warning("tidying up failed; it is tried again in an hour: %s", error)
            self._stopping.wait(EVERY_S)

    def __enter__(self) -> Housekeeping:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
