"""Reports that take long: who waits sees how far it is and can cancel it; when nobody waits, it ends."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from store.events import EventStore
from store.words import carried
from store.work import Progress, Work, is_name

log = logging.getLogger("waywiser.reports")
MOST = 8  # under way at once in one process; what is more is waited for as if it were quick
AGAIN_S = 0.4
LEASE_S = 90.0  # a tab in the background may ask once a minute


@dataclass
class Job:
    """A report under way, for one person. `asked_at` is when it was asked for last, by the desk's clock."""

    owner: int
    work: Work
    events: EventStore
    begun_at: float
    asked_at: float
    found: Future[Any] = field(default_factory=Future)
    taken: threading.Event = field(default_factory=threading.Event)
    is_watched: bool = False

    @property
    def progress(self) -> Progress:
        """How far its question is; nothing where the store does not say."""
        try:
            return self.events.progress(self.work)
        except Exception:  # whatever it is, the report itself goes on
            log.warning("how far a report is cannot be told", exc_info=True)
            return Progress(0, 0)


class Waiting:
    """The reports under way in this process.

    `patience_s` is how long a page is held back for one: what is ready by then needs no second request. When
    the page is there and asks again, it is held for `again_s`.
    """

    def __init__(
        self,
        *,
        patience_s: float = 60.0,
        again_s: float = AGAIN_S,
        lease_s: float = LEASE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience_s, self._again_s, self._lease_s = patience_s, again_s, lease_s
        self._clock = clock
        self._mark = secrets.token_hex(4)
        self._jobs: dict[str, Job] = {}
        self._guard = threading.Lock()

    def name(self) -> str:
        """A name for some work, by which it can be told that it is of this process."""
        return f"work-{self._mark}{secrets.token_hex(12)}"

    def is_elsewhere(self, name: str) -> bool:
        """Whether work of this name is, or was, another process's."""
        return is_name(name) and not name.startswith(f"work-{self._mark}")

    def begin(self, owner: int, work: Work, events: EventStore, compute: Callable[[], Any]) -> Job | None:
        """Compute in a thread of its own; None where so many are under way that it is not begun."""
        now = self._clock()
        job = Job(owner, work, events, now, now)
        with self._guard:
            if len(self._jobs) >= MOST:
                return None
            self._jobs[work.name] = job
        threading.Thread(target=_run, args=(job, carried(compute)), name="report", daemon=True).start()
        return job

    def of(self, name: str, owner: int) -> Job | None:
        """The report of this name, if the person waits for it."""
        with self._guard:
            job = self._jobs.get(name)
        if job is None or job.owner != owner:
            return None
        job.asked_at = self._clock()
        return job

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
        self._forget(job)
        return job.found.result()

    def cancel(self, job: Job) -> None:
        """End its question, and begin no other one."""
        self._forget(job)
        job.events.end(job.work)

    def seconds(self, job: Job) -> float:
        """How long it has been under way."""
        return self._clock() - job.begun_at

    def close(self) -> None:
        """End all that is under way."""
        for job in [*self._jobs.values()]:
            self.cancel(job)
            job.found.exception(timeout=10)

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
            if job.taken.wait(left):
                return
        self.cancel(job)


def _run(job: Job, compute: Callable[[], Any]) -> None:
    try:
        job.found.set_result(compute())
    except BaseException as error:
        job.found.set_exception(error)
