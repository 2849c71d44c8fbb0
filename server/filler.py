"""Fills new journey versions with their runs, and new generations of sessions, in the background.

The old ones answer until then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from sqlalchemy import Engine

from journeys import sessions
from journeys.generations import Generation, ensured, wanted_of
from journeys.runs import CUSTOMERS_AT_ONCE, fill, outdated
from server.chore import Chore
from server.refreshing import count_each, set_aside
from store.events import EventStore, EventStoreError
from store.identity import Ledger
from store.journeys import JourneyVersion, fill_again, make_live, note_progress, versions_to_fill
from store.projects import Project, all_projects
from store.stamps import next_stamp

PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0


class Overtaken(Exception):
    """A filling is not this one's any more: it was paused, begun anew, or another process was faster."""


class Filler:
    """Fills versions and generations as they appear; what was cut off is done at the next start."""

    def __init__(self, engine: Engine, events: EventStore) -> None:
        self._engine = engine
        self._events = events
        self._ledger = Ledger(engine, events)
        self._stamp = partial(next_stamp, engine)
        self._has_looked_back = False
        self.chore = Chore("filler", self.turn, every=PAUSE_S, longest=LONGEST_PAUSE_S)

    def turn(self) -> None:
        """Fill all that waits. What is wrong with versions must not hold up the sessions."""
        try:
            self.fill_all()
        finally:
            if not self.chore.is_stopping:
                self.count_sessions()

    def fill_all(self, progress: Callable[[JourneyVersion, int, int], None] | None = None) -> int:
        """Fill every version that waits; returns how many. Raises the last failure after trying all."""
        problem: Exception | None = None
        self._look_back()
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
            if done < total:
                self.chore.check()

        def each(generation: Generation, customers: list[int]) -> None:
            for start in range(0, len(customers), CUSTOMERS_AT_ONCE):
                some = customers[start : start + CUSTOMERS_AT_ONCE]
                blamed = count_each(self._engine, self._events, self._ledger, generation, some)
                set_aside(self._ledger, project.id, blamed, now=time.time_ns() // 1_000_000)

        newest = ensured(self._events, project.id, wanted_of(self._engine, project.id))[-1]
        if newest.state == "live":
            return False
        sessions.fill(self._events, newest, progress=step, otherwise=each, stamp=self._stamp)
        return True

    def _fill(
        self, version: JourneyVersion, progress: Callable[[JourneyVersion, int, int], None] | None
    ) -> None:
        def step(done: int, total: int) -> None:
            if not note_progress(self._engine, version.id, done=done, total=total):
                raise Overtaken
            if progress:
                progress(version, done, total)
            if done < total:
                self.chore.check()

        with suppress(Overtaken):
            fill(self._events, version, progress=step, stamp=self._stamp)
            make_live(self._engine, version, now=time.time_ns() // 1_000_000)

    def _look_back(self) -> None:
        """Once in a process: fill again what an older program has stored, which kept less of each run."""
        if not self._has_looked_back:
            for version_id in outdated(self._events):
                fill_again(self._engine, version_id)
        self._has_looked_back = True
