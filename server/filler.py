"""Fills new journey versions with their runs, and new generations of sessions, in the background.

The old ones answer until then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Engine

from journeys import sessions
from journeys.definitions import DefinitionError, is_of_accounts
from journeys.generations import Generation, ensured, wanted_of
from journeys.runs import CUSTOMERS_AT_ONCE, cut, fill, outdated, recompute, works
from server.account_refreshing import ACCOUNTS_AT_ONCE, Accounts, portions
from server.chore import Chore
from server.each_alone import each_alone
from server.refreshing import set_aside
from store.db import writing
from store.events import EventStore, EventStoreError
from store.filling import Work, claim, free_all, give_up, is_held, renew
from store.identity import Ledger
from store.journeys import JourneyVersion, fill_again, make_live, note_progress, versions_to_fill
from store.projects import Project, all_projects
from store.stamps import next_stamp

log = logging.getLogger("waywiser.filler")

PAUSE_S = 2.0
LONGEST_PAUSE_S = 300.0
BEAT_S = 20.0


class TakenAway(Exception):
    """The work is to begin again, or another process does it."""


class Filler:
    """Fills versions and generations as they appear; what was cut off is done at the next start."""

    def __init__(self, engine: Engine, events: EventStore) -> None:
        self._engine = engine
        self._events = events
        if events.embedded:  # the folder's lock says that no other process fills: claims are of dead ones
            free_all(engine)
        self._ledger = Ledger(engine, events)
        self._accounts = Accounts(engine, events, self._ledger)
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
        """Fill every version that waits and nobody else fills; returns how many.

        Raises the last failure after trying all.
        """
        problem: Exception | None = None
        filled = 0
        self._look_back()
        for version in versions_to_fill(self._engine):
            try:
                filled += self._fill(version, progress)
            except (EventStoreError, DefinitionError) as error:  # one must not hold up the others
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
        if self._uncounted(project) is None:
            return False
        with self._claimed(f"sessions.{project.id}") as holder:
            newest = self._uncounted(project) if holder else None
            if newest is None:
                return False

            def step(done: int, total: int) -> None:
                if progress:
                    progress(project, done, total)
                if done < total:
                    self._go_on(f"sessions.{project.id}", holder)

            def each(generation: Generation, customers: list[int]) -> None:
                self._each(project.id, customers, partial(sessions.recompute, self._events, generation))

            try:
                sessions.fill(self._events, newest, progress=step, otherwise=each, stamp=self._stamp)
            except TakenAway:
                return False
        return True

    def _uncounted(self, project: Project) -> Generation | None:
        newest = ensured(self._events, project.id, wanted_of(self._engine, project.id))[-1]
        return None if newest.state == "live" else newest

    def _fill(
        self, version: JourneyVersion, progress: Callable[[JourneyVersion, int, int], None] | None
    ) -> bool:
        """Fill one version; False where another process does, or it has to begin again."""
        with self._claimed(version.id) as holder:
            now = {one.id: one for one in versions_to_fill(self._engine)} if holder else {}
            if version.id not in now:
                return False
            version = now[version.id]  # another process may have gone on with it meanwhile

            def step(done: int, total: int) -> None:
                if not note_progress(self._engine, version.id, done=done, total=total, holder=holder):
                    raise TakenAway
                if progress:
                    progress(version, done, total)
                if done < total:
                    self._go_on(version.id, holder)

            def each(customers: list[int]) -> None:
                if not self._events.takes_inserts() or not works(self._events, version):
                    raise EventStoreError(f"the runs of {version.definition['key']} cannot be computed")
                if is_of_accounts(version.definition):
                    self._each_account(version, customers)
                else:
                    self._each(version.project_id, customers, partial(recompute, self._events, version))

            try:
                fill(self._events, version, progress=step, otherwise=each, stamp=self._stamp)
                self._tell_cut(version.id)
                return make_live(self._engine, version, now=now_ms(), holder=holder)
            except TakenAway:
                return False

    def _look_back(self) -> None:
        """Once in a process: fill again what an older program has stored, which kept less of each run."""
        if not self._has_looked_back:
            for version_id in outdated(self._events):
                fill_again(self._engine, version_id)
            self._tell_cut()
        self._has_looked_back = True

    def _tell_cut(self, version_id: int = 0) -> None:
        for one in cut(self._events, version_id):
            log.warning("journey version %s: %s", one.version_id, one.says)

    def _go_on(self, work: Work, holder: str | None) -> None:
        """Go on with the next part, unless it is to stop, or the work is not this process's any more."""
        self.chore.check()
        if holder is None or not is_held(self._engine, work, holder):
            raise TakenAway

    @contextmanager
    def _claimed(self, work: Work) -> Iterator[str | None]:
        """Take the work, and keep the claim while it goes on, however long a part of it takes.

        The name of the holder; None where another process is at it.
        """
        holder = claim(self._engine, work, now=now_ms())
        if holder is None:
            yield None
            return
        beat = Chore("claim", lambda: renew(self._engine, work, holder, now=now_ms()), every=BEAT_S)
        beat.start()
        try:
            yield holder
        finally:
            beat.stop()
            with writing(self._engine) as connection:
                give_up(connection, work, holder)

    def _each(self, project: int, customers: list[int], job: Callable[..., None]) -> None:
        """Store what cannot be stored of all these customers together, and set aside who is to blame."""
        for start in range(0, len(customers), CUSTOMERS_AT_ONCE):
            self.chore.check()
            some = customers[start : start + CUSTOMERS_AT_ONCE]
            blamed = each_alone(self._engine, self._events, self._ledger, project, some, job)
            set_aside(self._ledger, project, blamed, now=now_ms())

    def _each_account(self, version: JourneyVersion, numbers: list[int]) -> None:
        """The same of accounts; set aside are the members of those that are to blame."""
        for some in portions(numbers, ACCOUNTS_AT_ONCE):
            self.chore.check()
            blamed = self._accounts.recompute(version.project_id, [version], some, self._stamp())
            members = self._accounts.members(version.project_id, sorted(blamed)) if blamed else set()
            why = next(iter(blamed.values()), "")
            set_aside(self._ledger, version.project_id, dict.fromkeys(members, why), now=now_ms())


def now_ms() -> int:
    """The time in milliseconds."""
    return time.time_ns() // 1_000_000
