"""Fills new journey versions with their runs, and new generations of sessions, in the background.

The old ones answer until then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Engine

from journeys import sessions
from journeys.definitions import DefinitionError, is_of_accounts
from journeys.filling import fill_part, parts
from journeys.generations import Generation, ensured, wanted_of
from journeys.runs import CUSTOMERS_AT_ONCE, cut, outdated, recompute, works
from server.account_refreshing import ACCOUNTS_AT_ONCE, Accounts, portions
from server.chore import Chore
from server.each_alone import each_alone
from server.refreshing import set_aside
from server.together import groups, how_far
from store.db import writing
from store.event_errors import EventStoreError
from store.events import EventStore
from store.filling import Work, claim, free_all, give_up, is_held, renew
from store.identity import Ledger
from store.journeys import (
    JourneyVersion,
    being_filled,
    fill_again,
    make_live,
    note_progress,
    versions_to_fill,
)
from store.projects import Project, all_projects
from store.stamps import next_stamp

Told = Callable[[JourneyVersion, int, int], None]
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
        self._accounts = Accounts(engine, events, self._ledger, now_ms)
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

    def fill_all(self, progress: Told | None = None) -> int:
        """Fill every version that waits and nobody else fills; returns how many.

        Raises the last failure after trying all.
        """
        problem: Exception | None = None
        filled = 0
        self._look_back()
        for versions in groups(versions_to_fill(self._engine)):
            try:
                filled += self._fill(versions, progress)
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
        work = f"sessions.{project.id}"
        with self._claimed(work) as holders:
            holder = holders.get(work)
            newest = self._uncounted(project) if holder else None
            if newest is None:
                return False

            def step(done: int, total: int) -> None:
                if progress:
                    progress(project, done, total)
                if done < total:
                    self._go_on(work, holder)

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

    def _fill(self, versions: Sequence[JourneyVersion], progress: Told | None) -> int:
        """Fill versions together; returns how many were.

        Left out are those that another process fills, that are paused, or that have to begin again. Raises
        the failure of one when the others are done.
        """
        problems: list[Exception] = []
        filled = 0
        with self._claimed(*(one.id for one in versions)) as holders:
            now = [one for one in versions_to_fill(self._engine) if one.id in holders]
            going = [one for one in now if how_far(one) == how_far(now[0])]  # some may have gone on meanwhile
            if not going:
                return 0
            done, total = how_far(going[0])
            total = total or parts(self._events, going)
            for part in range(done, total):
                stored = self._fill_part(going, part, total, problems)
                going = self._noted(stored, holders, part + 1, total, progress)
                if not going:
                    break
            for one in going:
                self._tell_cut(one.id)
                filled += make_live(self._engine, one, now=now_ms(), holder=holders[one.id])
        if problems:
            raise problems[0]
        return filled

    def _fill_part(
        self, going: Sequence[JourneyVersion], part: int, total: int, problems: list[Exception]
    ) -> list[JourneyVersion]:
        """Store a part of these versions' runs; returns those of which it could be, if need be one by one."""
        if len(going) > 1:
            try:
                fill_part(self._events, going, part, total, stamp=self._stamp)
                return list(going)
            except EventStoreError as error:
                log.warning("%d versions cannot be filled together: %s", len(going), error)
        stored = []
        for version in going:
            one_by_one = partial(self._each_of, version)
            try:
                fill_part(self._events, [version], part, total, otherwise=one_by_one, stamp=self._stamp)
            except (EventStoreError, DefinitionError) as error:
                problems.append(error)
            else:
                stored.append(version)
        return stored

    def _noted(
        self,
        stored: Sequence[JourneyVersion],
        holders: Mapping[Work, str],
        done: int,
        total: int,
        progress: Told | None,
    ) -> list[JourneyVersion]:
        """Note that a part is done; returns the versions that are to go on, and are this process's."""
        going = [
            one
            for one in stored
            if note_progress(self._engine, one.id, done=done, total=total, holder=holders[one.id])
        ]
        if progress:
            for one in going:
                progress(one, done, total)
        if done == total:
            return going
        self.chore.check()
        filling = being_filled(self._engine, [one.id for one in going])
        return [one for one in going if one.id in filling and is_held(self._engine, one.id, holders[one.id])]

    def _each_of(self, version: JourneyVersion, customers: list[int]) -> None:
        """Store the runs of customers, or accounts, that cannot be stored of all of them together."""
        if not self._events.takes_inserts() or not works(self._events, version):
            raise EventStoreError(f"the runs of {version.definition['key']} cannot be computed")
        if is_of_accounts(version.definition):
            self._each_account(version, customers)
        else:
            self._each(version.project_id, customers, partial(recompute, self._events, version))

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
    def _claimed(self, *works: Work) -> Iterator[dict[Work, str]]:
        """Take works, and keep the claims while they go on, however long a part of them takes.

        The name of the holder by work; without those that another process is at.
        """
        claimed = [(work, claim(self._engine, work, now=now_ms())) for work in works]
        holders = {work: holder for work, holder in claimed if holder is not None}
        if not holders:
            yield holders
            return

        def renew_all() -> None:
            for work, holder in holders.items():
                renew(self._engine, work, holder, now=now_ms())

        beat = Chore("claim", renew_all, every=BEAT_S)
        beat.start()
        try:
            yield holders
        finally:
            beat.stop()
            with writing(self._engine) as connection:
                for work, holder in holders.items():
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
