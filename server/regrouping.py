"""Applies changed identity rules in the background: groups identities anew, then counts the runs again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from msgspec.structs import replace
from sqlalchemy import Engine

from server.chore import Chore
from store.identity import Ledger
from store.identity.regrouping import (
    LEASE_MS,
    Regrouping,
    claim_one,
    put_in_place,
    regrouping_of,
)

log = logging.getLogger("waywiser.regrouping")
PAUSE_S = 2.0
AGAIN_MS = 60_000  # after a failure the other projects come first
LONGEST_PAUSE_S = 300.0
CUSTOMERS_AT_ONCE = 2_000  # progress is told, and a stop is heard, after each so many


class Overtaken(Exception):
    """The rules have changed again, or another process has taken the work over."""


class Regrouper:
    """Applies the rules of projects that ask for it; what was cut off begins again."""

    def __init__(
        self,
        engine: Engine,
        ledger: Ledger,
        refresh: Callable[[int, set[int]], None],
        clock: Callable[[], int],
    ) -> None:
        self._engine, self._ledger = engine, ledger
        self._refresh, self._clock = refresh, clock
        self.chore = Chore("regrouping", self.turn, every=PAUSE_S, longest=LONGEST_PAUSE_S)

    def turn(self) -> None:
        """Apply the rules of every project that waits."""
        while self.do_one():
            pass

    def do_one(self) -> bool:
        """Apply the rules of one project that waits; False when none does."""
        job = claim_one(self._engine, now=self._clock())
        if job is None:
            return False
        try:
            self._apply(job)
        except Overtaken:
            log.info("project %d: the identity rules changed meanwhile; applied anew", job.project)
        except InterruptedError:
            raise
        except Exception as error:
            self._put_back(job.project, str(error))
            raise
        return True

    def _apply(self, job: Regrouping) -> None:
        job = self._group(job)
        # Also whom a try has changed that was cut off before it could count the runs.
        ordered = sorted(self._ledger.waiting(job.project))
        job = self._note(job, replace(job, state="counting", done=0, total=len(ordered), problem=""))
        for start in range(0, len(ordered), CUSTOMERS_AT_ONCE):
            some = ordered[start : start + CUSTOMERS_AT_ONCE]
            self._refresh(job.project, set(some))
            job = self._went_on(job, start + len(some), len(ordered))
        self._note(job, replace(job, state="done", held_until=0, ended_at=self._clock()))
        log.info(
            "project %d: identity rules of %s applied, %d customers changed", job.project, job.by, job.total
        )

    def _group(self, job: Regrouping) -> Regrouping:
        """Work out the customers."""

        def heard(done: int, total: int) -> None:
            nonlocal job
            job = self._went_on(job, done, total)

        self._ledger.apply_rules(job.project, progress=heard)
        return job

    def _went_on(self, job: Regrouping, done: int, total: int) -> Regrouping:
        """Keep how far it is; where the process ends, let it begin again at the next start."""
        job = self._note(job, replace(job, done=done, total=total))
        if self.chore.is_stopping:
            self._note(job, replace(job, state="waiting", held_until=0))
            self.chore.check()
        return job

    def _note(self, known: Regrouping, new: Regrouping) -> Regrouping:
        """Keep the progress; stops where the rules have changed again meanwhile."""
        held = new if new.held_until == 0 else replace(new, held_until=self._clock() + LEASE_MS)
        if not put_in_place(self._engine, known, held):
            raise Overtaken
        return held

    def _put_back(self, project: int, problem: str) -> None:
        """Let it be tried again, and say what stood in the way."""
        job = regrouping_of(self._engine, project)
        if job and job.is_open and job.held_until:
            later = self._clock() + AGAIN_MS
            put_in_place(
                self._engine, job, replace(job, state="waiting", held_until=later, problem=problem[:300])
            )
