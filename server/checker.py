"""Checks stored runs in the background: a sample of each journey's a day, and what somebody asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace
from sqlalchemy import Engine

from journeys.account_runs import Members
from journeys.checking import Difference, differing, some_customers
from journeys.definitions import DefinitionError, is_of_accounts
from server.chore import Chore
from store.checks import (
    LEASE_MS,
    SAMPLE,
    Check,
    all_checks,
    ask_for,
    claim_one,
    forget_all_but,
    of_version,
    put_in_place,
)
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Ledger
from store.journeys import ANSWERING, JourneyVersion, kept_versions, live_journeys
from store.projects import all_projects

log = logging.getLogger("waywiser.checking")
PAUSE_S = 2.0
DAY_MS = 86_400_000
APART_MS = 60_000  # between two daily checks
AGAIN_MS = 5 * 60_000  # after a failure that may pass
PAUSES_S = (5.0, 60.0, 180.0)  # between looks: what has come before a look is counted by the last one
MOST_KEPT = 1_000


class Overtaken(Exception):
    """Somebody has asked for another check of the version, or made this one."""


class Checker:
    """Makes checks. Each process may have one: what one has taken, the others leave to it."""

    def __init__(
        self,
        engine: Engine,
        events: EventStore,
        ledger: Ledger,
        clock: Callable[[], int],
        *,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self._engine, self._events, self._ledger = engine, events, ledger
        self._members = Members(events, ledger)
        self._clock, self._pauses_s = clock, pauses_s
        self._next = clock() + APART_MS  # who starts has more urgent work
        self.chore = Chore("checking", self.turn, every=PAUSE_S)

    def turn(self) -> None:
        """Make every check that waits."""
        self._ask_for_the_due()
        while self.do_one():
            self.chore.check()

    def do_one(self, only: int | None = None) -> bool:
        """Make one check that waits, or that of `only` this version; False where there is none."""
        check = claim_one(self._engine, now=self._clock(), only=only)
        if check is None:
            return False
        self._held = check
        try:
            done = self._made(check)
            self._put(replace(done, state="done", held_until=0, ended_at=self._clock()))
        except Overtaken:
            log.info("another check of journey version %d was asked for meanwhile", check.version)
        except EventStoreError as error:  # it passes
            log.warning("a check is put off: %s", error)
            self._put_back(str(error), later=AGAIN_MS)
        except BaseException as error:
            is_ending = isinstance(error, InterruptedError) or not isinstance(error, Exception)
            self._put_back("" if is_ending else str(error), later=0 if is_ending else AGAIN_MS)
            raise
        return True

    def _put(self, new: Check) -> None:
        if not put_in_place(self._engine, self._held, new):
            raise Overtaken
        self._held = new

    def _put_back(self, problem: str, *, later: int) -> None:
        """Let it be made again, the others first; or by somebody else, where this process ends."""
        held_until = self._clock() + later if later else 0
        back = replace(self._held, state="waiting", held_until=held_until, problem=problem[:300])
        put_in_place(self._engine, self._held, back)

    def _go_on(self) -> None:
        """Keep the check in hand for longer; raises where it is not this one's any more, or is to stop."""
        self.chore.check()
        self._put(replace(self._held, held_until=self._clock() + LEASE_MS))

    def _ask_for_the_due(self) -> None:
        """Let the next version be checked that was not for a day, or not since it was filled."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + APART_MS
        projects = all_projects(self._engine)
        answering = [one for project in projects for one in live_journeys(self._engine, project.id)]
        checks = all_checks(self._engine)
        forget_all_but(self._engine, [one.id for one in answering])
        for version in answering:
            if version.status == "live" and is_due(version, checks.get(version.id), now=now):
                ask_for(self._engine, of_version(version, most=SAMPLE, by="", now=now))
                return

    def _made(self, check: Check) -> Check:
        versions = {one.id: one for one in kept_versions(self._engine, check.project)}
        version = versions.get(check.version)
        if version is None or version.status not in ANSWERING:
            return replace(check, problem="its runs are not all counted yet")
        try:
            customers = some_customers(self._events, version, check.most, seed=check.seed)
            found = self._differing(version, customers)
        except (EventStoreError, DefinitionError) as error:
            if isinstance(error, EventStoreError) and error.is_passing:
                raise
            return replace(check, problem=str(error)[:300])
        if found:
            key = version.definition["key"]
            log.error("%s: %d of %d have other runs than their events make", key, len(found), len(customers))
        some = [one.customer for one in found[:MOST_KEPT]]
        return replace(check, checked=len(customers), differing=len(found), customers=some)

    def _differing(self, version: JourneyVersion, customers: Sequence[int]) -> list[Difference]:
        """Those of whom it is sure: what is about to be counted may differ.

        They differ at every look, and at the last one as at the one before, by the same stored runs: a batch
        that is counted for minutes stores others meanwhile.
        """
        found, before = differing(self._events, version, customers, between=self._go_on), set[Difference]()
        for pause in self._pauses_s:
            if not found:
                break
            self.chore.breathe(pause)
            self._go_on()
            waiting = self._waiting(version, [one.customer for one in found])
            left = [one.customer for one in found if one.customer not in waiting]
            before = set(found)
            found = differing(self._events, version, left, between=self._go_on)
        return [one for one in found if one in before]

    def _waiting(self, version: JourneyVersion, numbers: Collection[int]) -> set[int]:
        """Those of these customers, or accounts, whom a change has touched and nobody has computed since."""
        project = version.project_id
        if not is_of_accounts(version.definition):
            return self._ledger.waiting(project, numbers)
        members = {one: self._members.of(project, [one]) for one in numbers}
        return {one for one, of_it in members.items() if self._ledger.waiting(project, of_it)}


def is_due(version: JourneyVersion, check: Check | None, *, now: int) -> bool:
    """Whether a version is to be checked again, and no check of it is under way."""
    if check is None:
        return True
    return check.state == "done" and check.ended_at < max(now - DAY_MS, version.filled_at or 0)
