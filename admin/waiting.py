"""Reports that take long: who waits sees how far it is and can cancel it; when nobody waits, it ends."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeVar

from store.cancelling import Cancelling
from store.events import EventStore
from store.words import carried, marked
from store.work import CANCELLED_SAID, Cancelled, MustAsk, Progress, Work, WorkEnded, is_name

T = TypeVar("T")
log = logging.getLogger("waywiser.reports")
MOST = 8  # under way at once in one process; what is more waits for its turn
MOST_OF_ONE = MOST - 2  # of one person, so that others find a place whatever that one asks for
MOST_IN_LINE = 32  # of one person that wait for it
CLOSE_S = 10.0
AGAIN_S = 0.4
LOOK_S = 1.0  # between two looks at what was cancelled in other processes
LEASE_S = 90.0  # a tab in the background may ask once a minute
LINE_IS_FULL = marked(
    "so many of your reports wait for their turn that no more are taken; ask again in a while"
)
PLACES_ARE_TAKEN = marked(
    "as many reports are being computed as may be at once for you, or for all; ask again in a while"
)


class TooMany(WorkEnded):
    """So much is under way, or in line, that it is not even put in line."""


@dataclass(eq=False)
class Job:
    """A report under way or in line, for one person.

    `asked_at` is when it was asked for last, by the desk's clock, and `begun_at` when its turn came.
    `refreshes` is the address whose earlier answer stands on a page until this one is there.
    """

    owner: int
    work: Work
    events: EventStore
    compute: Callable[[], Any]
    begun_at: float
    asked_at: float
    refreshes: str = ""
    found: Future[Any] = field(default_factory=Future)
    taken: threading.Event = field(default_factory=threading.Event)
    is_watched: bool = False

    @property
    def progress(self) -> Progress:
        """How far its question is; nothing where the store does not say."""
        if self.work.progress.rows:
            return self.work.progress
        try:
            return self.events.progress(self.work)
        except Exception:  # whatever it is, the report itself goes on
            log.warning("how far a report is cannot be told", exc_info=True)
            return Progress(0, 0)


class Waiting:
    """The reports under way in this process, and those that wait until one of these ends.

    `patience_s` is how long a page is held back for one: what is ready by then needs no second request. When
    the page is there and asks again, it is held for `again_s`. By `cancelling` several processes tell each
    other what is not waited for any more; None where there is one process alone.
    """

    def __init__(
        self,
        *,
        patience_s: float = 60.0,
        again_s: float = AGAIN_S,
        lease_s: float = LEASE_S,
        clock: Callable[[], float] = time.monotonic,
        cancelling: Cancelling | None = None,
    ) -> None:
        self._patience_s, self._again_s, self._lease_s = patience_s, again_s, lease_s
        self._clock = clock
        self._cancelling = cancelling
        self._mark = secrets.token_hex(4)
        self._jobs: dict[str, Job] = {}
        self._under_way: list[Job] = []
        self._line: list[Job] = []
        self._guard = threading.Lock()

    def name(self) -> str:
        """A name for some work, by which it can be told that it is of this process."""
        return f"work-{self._mark}{secrets.token_hex(12)}"

    def is_elsewhere(self, name: str) -> bool:
        """Whether work of this name is, or was, another process's."""
        return is_name(name) and not name.startswith(f"work-{self._mark}")

    def begin(
        self, owner: int, work: Work, events: EventStore, compute: Callable[[], Any], refreshes: str = ""
    ) -> Job:
        """Compute in a thread of its own, once it is its turn; raises TooMany."""
        now = self._clock()
        job = Job(owner, work, events, carried(compute), now, now, refreshes)
        with self._guard:
            if sum(one.owner == owner for one in self._line) >= MOST_IN_LINE:
                raise TooMany(LINE_IS_FULL)
            self._jobs[work.name] = job
            self._line.append(job)
        self._go_on()
        return job

    def known(self, owner: int, work: Work, compute: Callable[[], T]) -> T:
        """What would have to wait for its turn, but can be had without a question to the event store.

        Raises MustAsk where it cannot, or need not wait.
        """
        if self._has_place(owner):
            raise MustAsk
        with work.asking_nothing():
            return compute()

    def before(self, job: Job) -> int | None:
        """How many wait before this one; None where its turn has come."""
        with self._guard:
            return [one for _, one in self._in_turn()].index(job) if job in self._line else None

    def of(self, name: str, owner: int) -> Job | None:
        """The report of this name, if the person waits for it."""
        with self._guard:
            job = self._jobs.get(name)
        if job is None or job.owner != owner:
            return None
        job.asked_at = self._clock()
        return job

    def refreshing(self, address: str, owner: int) -> Job | None:
        """What the person's page, which knows no name of it, has asked for to refresh this address."""
        with self._guard:
            names = [name for name, job in self._jobs.items() if address and job.refreshes == address]
        return next((job for name in names if (job := self.of(name, owner))), None)

    def only_at_once(self, job: Job) -> None:
        """Raise TooMany where it has to wait for its turn, and drop it."""
        if self.before(job) is not None:
            self.cancel(job)
            raise TooMany(PLACES_ARE_TAKEN)

    def is_ready(self, job: Job, *, patiently: bool = False) -> bool:
        """Wait as long as a request may be held back. What is not ready then is watched over.

        Who still sees another page waits as `patiently` as who sees that it takes long.
        """
        held = self._again_s if job.is_watched else self._patience_s
        try:
            job.found.exception(timeout=max(held, self._again_s) if patiently else held)
        except TimeoutError:
            self._watch_over(job)
            return False
        return True

    def taken(self, job: Job) -> Any:
        """What was found, which is handed out once; raises what went wrong."""
        try:
            return job.found.result()
        finally:
            self._forget(job)

    def cancel(self, job: Job) -> None:
        """End its question, and begin no other one."""
        self._forget(job)
        with self._guard:
            was_in_line = job in self._line
            if was_in_line:
                self._line.remove(job)
        if was_in_line:
            job.work.end()
            job.found.set_exception(Cancelled(CANCELLED_SAID))
        else:
            job.events.end(job.work)

    def cancel_elsewhere(self, name: str, events: EventStore) -> None:
        """End the question of this name that another process is at, and let that begin no other one."""
        try:
            if self._cancelling and self.is_elsewhere(name):
                self._cancelling.note(name)
        except Exception:  # whatever it is, the question itself is ended
            log.warning("the process that is at a report cannot be told that it was cancelled", exc_info=True)
        events.end(Work(name=name))

    def seconds(self, job: Job) -> float:
        """How long it has been under way."""
        return self._clock() - job.begun_at

    def close(self) -> None:
        """End all that is under way, and what waits for its turn before it gets one."""
        jobs = sorted(self._jobs.values(), key=lambda job: self.before(job) is None)
        for job in jobs:
            self._give_up(job)
        wait([job.found for job in jobs], timeout=CLOSE_S)

    def _has_place(self, owner: int) -> bool:
        """Whether what the person asks for now can begin at once."""
        with self._guard:
            theirs = sum(job.owner == owner for job in (*self._under_way, *self._line))
            return len(self._under_way) < MOST and theirs < MOST_OF_ONE

    def _go_on(self) -> None:
        """Begin those whose turn it is, as far as there are places."""
        while turns := self._turns():
            for job in turns:
                self._start(job)

    def _turns(self) -> list[Job]:
        """Those that get a place now."""
        with self._guard:
            may = [job for place, job in self._in_turn() if place < MOST_OF_ONE]
            turns = may[: MOST - len(self._under_way)]
            for job in turns:
                self._line.remove(job)
                job.begun_at = self._clock()
            self._under_way += turns
        return turns

    def _in_turn(self) -> list[tuple[int, Job]]:
        """The line in its order: who asks for much at once lets those first who ask for less.

        With each goes how many of its owner are under way or in line before it.
        """
        asked = Counter(job.owner for job in self._under_way)
        turns = []
        for job in self._line:
            turns.append((asked[job.owner], job))
            asked[job.owner] += 1
        return sorted(turns, key=itemgetter(0))

    def _start(self, job: Job) -> None:
        try:
            threading.Thread(target=self._run, args=(job,), name="report", daemon=True).start()
        except Exception as error:  # there may be no more threads
            job.found.set_exception(error)
            self._leave(job)

    def _run(self, job: Job) -> None:
        try:
            job.found.set_result(job.compute())
        except BaseException as error:
            job.found.set_exception(error)
        self._leave(job)
        self._go_on()

    def _leave(self, job: Job) -> None:
        with self._guard:
            self._under_way.remove(job)

    def _forget(self, job: Job) -> None:
        with self._guard:
            self._jobs.pop(job.work.name, None)
        job.taken.set()

    def _watch_over(self, job: Job) -> None:
        with self._guard:
            was_watched, job.is_watched = job.is_watched, True
        if not was_watched:
            threading.Thread(target=self._watch, args=(job,), name="report-watch", daemon=True).start()

    def _watch(self, job: Job) -> None:
        while (left := job.asked_at + self._lease_s - self._clock()) > 0:
            if job.taken.wait(min(left, LOOK_S) if self._cancelling else left):
                return
            if self._is_cancelled_elsewhere(job):
                break
        self._give_up(job)

    def _give_up(self, job: Job) -> None:
        try:
            self.cancel(job)
        except Exception:  # whatever it is, others are to end, too, and nobody is there to be told
            log.warning("a report cannot be ended", exc_info=True)

    def _is_cancelled_elsewhere(self, job: Job) -> bool:
        try:
            return self._cancelling is not None and self._cancelling.is_noted(job.work.name)
        except Exception:  # whatever it is, it is looked at again
            log.warning("whether a report was cancelled in another process cannot be told", exc_info=True)
            return False
