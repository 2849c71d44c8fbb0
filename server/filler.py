"""Fills new journey versions with their runs, and new generations of sessions, in the background.

The old ones answer until then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from journeys import sessions
from journeys.generations import Generation, ensured, wanted_of
from journeys.runs import CUSTOMERS_AT_ONCE, fill
from server.refreshing import count_each, set_aside
from store.events import EventStore, EventStoreError
from store.identity import Ledger
from store.journeys import JourneyVersion, make_live, note_progress, versions_to_fill
from store.projects import Project, all_projects

log = logging.getLogger("waywiser.filler")
PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0


class Filler:
    """A thread that fills versions and generations as they appear."""

    def __init__(self, engine: Engine, events: EventStore) -> None:
        self._engine = engine
        self._events = events
        self._ledger = Ledger(engine, events)
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

    def count_sessions(self, progress: Callable[[Project, int, int], None] | None = None) -> int:
        """Count the sessions of every project that waits for that; returns how many did.

        A count that broke off goes on where it was. Raises the last failure after trying all.
        """
        problem: Exception | None = None
        counted = 0
        for project in all_projects(self._engine):
            try:
                counted += self._count(project, progress)
            except EventStoreError as error:
                problem = error
        if problem:
            raise problem
        return counted

    def _count(self, project: Project, progress: Callable[[Project, int, int], None] | None) -> bool:
        def step(done: int, total: int) -> None:
            if progress:
                progress(project, done, total)
            if self._stopping.is_set() and done < total:
                raise InterruptedError

        def each(generation: Generation, customers: list[int]) -> None:
            for start in range(0, len(customers), CUSTOMERS_AT_ONCE):
                some = customers[start : start + CUSTOMERS_AT_ONCE]
                blamed = count_each(self._events, self._ledger, generation, some)
                set_aside(self._ledger, project.id, blamed, now=time.time_ns() // 1_000_000)

        newest = ensured(self._events, project.id, wanted_of(self._engine, project.id))[-1]
        if newest.state == "live":
            return False
        sessions.fill(self._events, newest, progress=step, otherwise=each)
        return True

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
            if all([self._done(self.fill_all), self._done(self.count_sessions)]):
                pause = PAUSE_S
            else:
                pause = min(pause * 2, LONGEST_PAUSE_S)
            self._wake.wait(pause)
            self._wake.clear()

    def _done(self, job: Callable[[], int]) -> bool:
        """Whether one kind of filling ended well: what is wrong with it must not hold up the other."""
        try:
            job()
        except InterruptedError:  # it goes on at the next start
            return True
        except Exception:
            log.exception("filling failed; it is tried again later")
            return False
        return True
