"""Fills new journey versions with their runs, and new generations of sessions, in the background.

The old ones answer until then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Engine

from journeys import sessions
from journeys.generations import Generation, ensured, wanted_of
from journeys.runs import CUSTOMERS_AT_ONCE, fill
from server.chore import Chore
from server.refreshing import count_each, set_aside
from store.events import EventStore, EventStoreError
from store.identity import Ledger
from store.journeys import JourneyVersion, make_live, note_progress, versions_to_fill
from store.leases import Leases
from store.projects import Project, all_projects
from store.stamps import next_stamp

PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0


class Overtaken(Exception):
    """Another process has taken the work over, because this one said nothing for too long."""


class Filler:
    """Fills versions and generations as they appear; what was cut off is done at the next start.

    With `leases`, it leaves to another process what that is filling already.
    """

    def __init__(self, engine: Engine, events: EventStore, leases: Leases | None = None) -> None:
        self._engine = engine
        self._leases = leases
        self._events = events
        self._ledger = Ledger(engine, events)
        self._stamp = partial(next_stamp, engine)
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
        filled = 0
        for version in versions_to_fill(self._engine):
            try:
                filled += self._fill(version, progress)
            except EventStoreError as error:  # one journey that cannot be filled must not hold up the others
                problem = error
        if problem:
            raise problem
        return filled

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
        if not self._uncounted(project):
            return False
        work = f"sessions.{project.id}"
        with self._taken(work) as is_mine:
            newest = self._uncounted(project) if is_mine else None
            if not newest:
                return False

            def step(done: int, total: int) -> None:
                if progress:
                    progress(project, done, total)
                if done < total:
                    self._go_on(work)

            def each(generation: Generation, customers: list[int]) -> None:
                for start in range(0, len(customers), CUSTOMERS_AT_ONCE):
                    some = customers[start : start + CUSTOMERS_AT_ONCE]
                    blamed = count_each(self._engine, self._events, self._ledger, generation, some)
                    set_aside(self._ledger, project.id, blamed, now=time.time_ns() // 1_000_000)
                    self._go_on(work)

            try:
                sessions.fill(self._events, newest, progress=step, otherwise=each, stamp=self._stamp)
            except Overtaken:
                return False
        return True

    def _uncounted(self, project: Project) -> Generation | None:
        newest = ensured(self._events, project.id, wanted_of(self._engine, project.id))[-1]
        return None if newest.state == "live" else newest

    def _fill(
        self, version: JourneyVersion, progress: Callable[[JourneyVersion, int, int], None] | None
    ) -> bool:
        work = f"version.{version.id}"
        with self._taken(work) as is_mine:
            if not is_mine or version.id not in {one.id for one in versions_to_fill(self._engine)}:
                return False

            def step(done: int, total: int) -> None:
                note_progress(self._engine, version.id, done=done, total=total)
                if progress:
                    progress(version, done, total)
                if done < total:
                    self._go_on(work)

            try:
                fill(self._events, version, progress=step, stamp=self._stamp)
            except Overtaken:
                return False
            make_live(self._engine, version, now=time.time_ns() // 1_000_000)
        return True

    def _go_on(self, work: str) -> None:
        """Go on with the next part, unless it is to stop, or others do the work meanwhile."""
        self.chore.check()
        if self._leases and not self._leases.keep(work):
            raise Overtaken

    @contextmanager
    def _taken(self, work: str) -> Iterator[bool]:
        """Whether this process may do the work; given back at the end."""
        is_mine = self._leases is None or self._leases.take(work)
        try:
            yield is_mine
        finally:
            if self._leases and is_mine:
                self._leases.give_back(work)
