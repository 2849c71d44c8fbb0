"""Computes the runs and sessions of customers anew who have changed, and makes up for what was cut off."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from journeys import runs, sessions
from journeys.busy import Busy
from journeys.concerns import Concerns
from journeys.definitions import DefinitionError, is_of_accounts
from journeys.generations import Generation, ensured, wanted_of
from journeys.runs import CUSTOMERS_AT_ONCE
from server.account_refreshing import Accounts
from server.chore import Chore
from server.each_alone import each_alone
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Ledger
from store.identity.regrouping import is_regrouping
from store.journeys import JourneyVersion, fill_again, kept_versions
from store.news import News
from store.privacy.suppression import Lookup
from store.stamps import next_stamp

T = TypeVar("T")
Concern = tuple[JourneyVersion, list[int]]
log = logging.getLogger("waywiser.refreshing")
PAUSE_S = 30.0
VERSIONS_AT_ONCE = 50
PAIRS_AT_ONCE = 100_000  # of a version and a customer
MOST_NAMED = 10
LATE_MS = 60_000  # whoever changed the ledger computes the customers itself, most often within seconds


class Refresher:
    """Keeps runs and sessions as the ledger and the events make them.

    Whoever changes something calls `refresh`. A thread looks for customers whom a change has touched and
    nobody has computed since: those of a process that ended, or whose computation failed.
    """

    def __init__(
        self, engine: Engine, events: EventStore, ledger: Ledger, suppressed: Lookup, clock: Callable[[], int]
    ) -> None:
        self._engine, self._events, self._ledger = engine, events, ledger
        self._suppressed, self._clock = suppressed, clock
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="runs")
        self._accounts = Accounts(engine, events, ledger, clock)
        self.busy = Busy(events, ledger.identities_of, clock)
        self.busy_accounts = self._accounts.busy
        self._concerns: dict[int, Concerns] = {}
        self._late = 0  # at first also what a process has just left that was ended
        self.chore = Chore("refreshing", self.turn, every=PAUSE_S)

    def close(self) -> None:
        """Finish the customers under way."""
        self._pool.shutdown()

    def turn(self) -> None:
        """Compute what is left."""
        if made := self.make_up(before=self._clock() - self._late):
            log.info("computed %d customers whom a change had touched before", made)
        self._late = LATE_MS

    def refresh(self, project_id: int, customers: Iterable[int], news: News | None = None) -> None:
        """Compute the runs of these customers anew, for every journey that concerns them, and their sessions.

        Where there are no `news` of what has changed, every journey does. Of who was erased meanwhile nothing
        is counted any more. Who has very many events is put off where news tell of nothing but events, and so
        are accounts.
        """
        asked = set(customers)
        ordered = self._suppressed(project_id).without(asked)
        versions = kept_versions(self._engine, project_id)
        if erased := asked.difference(ordered):
            self._leave(project_id, sorted(erased), versions)
        if not ordered:
            return
        generations = ensured(self._events, project_id, wanted_of(self._engine, project_id))
        for start in range(0, len(ordered), CUSTOMERS_AT_ONCE):
            some = ordered[start : start + CUSTOMERS_AT_ONCE]
            patient = (news.labels.keys() - news.renamed) & set(some) if news else set()
            if patient and not (some := self._without_busy(project_id, some, patient)):
                continue
            stamp = next_stamp(self._engine)
            known = self._ledger.told(project_id)
            marks = self._ledger.marks(project_id, some)
            identities = self._ledger.identities_of(project_id, some)
            new = news and news.of(some, left=marks.keys())
            concerned = self._concerned(project_id, versions, some, identities, new)
            alone, together = parted(concerned)
            jobs = [partial(self._recompute_all, part, identities, stamp) for part in portions(alone)]
            if together:
                more = project_id, together, identities, stamp
                jobs.append(partial(self._refresh_accounts, *more, patient=patient))
            jobs += [partial(self._recount, one, some, identities, stamp) for one in generations]
            # Much of a small recomputation is planning, which uses one core: two go side by side.
            done = [self._begun(job) for job in jobs]
            failed = {one: why for job in done for one, why in job.result().items()}
            # News tell of no more than themselves: a note that appeared meanwhile is not theirs to take away.
            kept = failed.keys() | (self._accounts.noted(project_id) if patient else set())
            right = {one: mark for one, mark in marks.items() if one not in kept}
            self._ledger.computed(project_id, right, version=known, now=self._clock())
            set_aside(self._ledger, project_id, failed, now=self._clock())

    def _without_busy(self, project: int, some: list[int], patient: set[int]) -> list[int]:
        """Put off who is busy and can wait: the thread computes them, together with what comes until then.

        Not while the customers are grouped anew, as the thread leaves all of them to that, which takes long.
        """
        busy = self.busy.among(project, patient)
        if not busy or is_regrouping(self._engine, project):
            return some
        self._ledger.put_off(project, busy, now=self._clock())
        return [one for one in some if one not in busy]

    def _leave(self, project: int, erased: list[int], versions: list[JourneyVersion]) -> None:
        """Of who was erased nothing is counted, but the accounts that they were members of have lost them."""
        known, marks = self._ledger.told(project), self._ledger.marks(project, erased)
        _, together = parted([(one, erased) for one in versions])
        if together:
            failed = self._refresh_accounts(project, together, erased, next_stamp(self._engine))
            for why in sorted(set(failed.values())):
                log.error("runs of accounts that an erased member has left cannot be counted: %s", why)
        self._ledger.computed(project, marks, version=known, now=self._clock())

    def _concerned(
        self,
        project: int,
        versions: list[JourneyVersion],
        some: list[int],
        identities: list[int],
        news: News | None,
    ) -> list[Concern]:
        """Whom of these customers each version concerns, for all whom it does."""
        if news is None or not versions:
            return [(one, some) for one in versions]
        whom = self._compiled(project, versions).of(self._events, project, news, identities)
        return [(one, sorted(whom[one.id])) for one in versions if whom.get(one.id)]

    def _compiled(self, project: int, versions: list[JourneyVersion]) -> Concerns:
        ids = [one.id for one in versions]
        known = self._concerns.get(project)
        if known is None or known.ids != ids:
            known = self._concerns[project] = Concerns({one.id: one.definition for one in versions})
        return known

    def make_up(self, *, before: int) -> int:
        """Compute the customers whom changes before this moment (ms) have left; returns how many."""
        self._ledger.catch_up()
        made = 0
        for project, some in self._ledger.left(before=before, most=CUSTOMERS_AT_ONCE):
            if is_regrouping(self._engine, project):
                continue  # it computes them itself, and tells how far it is
            self.refresh(project, some)
            made += len(some)
            if self.chore.is_stopping:
                break
        return made

    def _begun(self, job: Callable[[], T]) -> Future[T]:
        """A job in a thread of the pool, or in this one where the interpreter ends and gives out none."""
        try:
            return self._pool.submit(job)
        except RuntimeError:
            done = Future[T]()
            done.set_result(job())
            return done

    def _recount(
        self, generation: Generation, some: list[int], identities: list[int], stamp: int
    ) -> dict[int, str]:
        """Store the sessions of these customers; returns who cannot be counted, and why."""
        job = partial(sessions.recompute, self._events, generation)
        try:
            job(some, identities, stamp=stamp)
        except EventStoreError:
            return each_alone(self._engine, self._events, self._ledger, generation.project_id, some, job)
        return {}

    def _recompute_all(self, concerned: list[Concern], identities: list[int], stamp: int) -> dict[int, str]:
        """Store the runs of whom each version concerns; returns who cannot be computed, and why.

        Where they cannot be computed together, each version is computed alone.
        """
        try:
            runs.recompute_all(self._events, concerned, identities, stamp=stamp)
        except (EventStoreError, DefinitionError):
            if not self._events.takes_inserts():
                raise
            return {one: why for each in concerned for one, why in self._recompute(*each).items()}
        return {}

    def _refresh_accounts(
        self,
        project: int,
        concerned: list[Concern],
        identities: list[int],
        stamp: int,
        *,
        patient: Collection[int] = (),
    ) -> dict[int, str]:
        """Store the runs of their accounts; those are put off that are busy and have `patient` members alone.

        Returns of whom some account cannot be computed, and why.
        """
        customers = sorted({one for _, some in concerned for one in some})
        versions = [version for version, _ in concerned]
        return self._accounts.refresh(project, versions, customers, identities, stamp, patient=patient)

    def _recompute(self, version: JourneyVersion, some: list[int]) -> dict[int, str]:
        """The same of one version that could not be computed beside others.

        One journey that cannot be computed at all must not hold up the events of all others.
        """
        if runs.works(self._events, version):
            job = partial(runs.recompute, self._events, version)
            return each_alone(self._engine, self._events, self._ledger, version.project_id, some, job)
        log.error("the runs of %s cannot be computed; it waits to be filled", version.definition["key"])
        fill_again(self._engine, version.id)
        return {}


def portions(concerned: list[Concern]) -> list[list[Concern]]:
    """What a statement can take at once: few enough versions, and customers of all of them together."""
    made: list[list[Concern]] = []
    room = 0
    for version, some in concerned:
        if not made or len(made[-1]) == VERSIONS_AT_ONCE or len(some) > room:
            made.append([])
            room = PAIRS_AT_ONCE
        made[-1].append((version, some))
        room -= len(some)
    return made


def parted(concerned: list[Concern]) -> tuple[list[Concern], list[Concern]]:
    """Those whose runs customers make alone, and those whose runs the members of an account make together."""
    parts: tuple[list[Concern], list[Concern]] = [], []
    for version, some in concerned:
        parts[is_of_accounts(version.definition)].append((version, some))
    return parts


def set_aside(ledger: Ledger, project: int, blamed: Mapping[int, str], *, now: int) -> None:
    """Keep who could not be counted, so that it is tried again some times, and say it."""
    if blamed:
        ledger.could_not(project, blamed, now=now)
        one, why = next(iter(blamed.items()))
        named = ", ".join(map(str, sorted(blamed)[:MOST_NAMED]))
        log.error(
            "of %d customers of project %d runs or sessions could not be counted: %s; of %d because %s",
            *(len(blamed), project, named, one, why),
        )
