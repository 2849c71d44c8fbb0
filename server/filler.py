"""Fills new journey versions with their runs in the background; the old version answers until then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from journeys.runs import fill
from store.events import EventStore, EventStoreError
from store.journeys import JourneyVersion, make_live, note_progress, versions_to_fill

log = logging.getLogger("waywiser.filler")
PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0


class Filler:
    """A thread that fills versions as they appear."""

    def __init__(self, engine: Engine, events: EventStore) -> None:
        self._engine = engine
        self._events = events
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="filler", daemon=True)

    def start(self) -> None:
        """Begin to look for versions that wait."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once instead of at the next turn."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the chunk under way and end; an unfinished version is filled anew at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    def fill_all(self, progress: Callable[[JourneyVersion, int, int], None] | None = None) -> int:
        """Fill every version that waits; returns how many. Raises the last failure after trying all."""
        problem: Exception | None = None
        waiting = versions_to_fill(self._engine)
        for version in waiting:
            try:
                self._fill(version, progress)
            except EventStoreError as error:  # one journey that cannot be filled must not hold up the others
                problem = error
        if problem:
            raise problem
        return len(waiting)

    def _fill(
        self, version: JourneyVersion, progress: Callable[[JourneyVersion, int, int], None] | None
    ) -> None:
        def step(done: int, total: int) -> None:
            note_progress(self._engine, version.id, done=done, total=total)
            if progress:
                progress(version, done, total)
            if self._stopping.is_set() and done < total:
                raise InterruptedError

        fill(self._events, version, progress=step)
        make_live(self._engine, version, now=time.time_ns() // 1_000_000)

    def _run(self) -> None:
        pause = PAUSE_S
        while not self._stopping.is_set():
            try:
                self.fill_all()
                pause = PAUSE_S
            except InterruptedError:
                return
            except Exception:
                pause = min(pause * 2, LONGEST_PAUSE_S)
                log.exception("filling a journey version failed; it is tried again in %d s", pause)
            self._wake.wait(pause)
            self._wake.clear()
