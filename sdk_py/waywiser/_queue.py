"""The bounded queue between the callers and whoever delivers, and all the counting around it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING, Callable

from ._breaker import Breaker
from ._counters import Counters
from ._options import Options
from ._part import Line, Part
from ._reports import DropReason, Stats
from ._waiting import Loss, Waiting

if TYPE_CHECKING:
    from ._journal import Journal
    from ._spool import Spool


class Queue:
    """First in, first out; one batch at a time is claimed, and stays owned by the queue until it is settled.

    Ordinals do the bookkeeping: the n-th message that was queued is settled when `settled >= n`. How many
    were queued is derived from what is here, so an interrupt can never leave the two apart. The lock is
    re-entrant because a signal handler may track in the middle of a track.
    """

    def __init__(
        self, options: Options, breaker: Breaker, spool: Spool | None = None, journal: Journal | None = None
    ) -> None:
        self._max_count = options.max_queue
        self._flush_at = min(options.flush_at, options.max_queue)
        self._interval = options.flush_interval
        self._policy = options.policy
        self._breaker = breaker
        self._spool = spool
        self._journal = journal
        self.is_closing = False
        self.after_fork()

    def after_fork(self) -> None:
        """Begin empty: what the parent had queued stays the parent's, and so do its locks and files."""
        self.lock = threading.RLock()
        self._work = threading.Condition(self.lock)
        self._progress = threading.Condition(self.lock)
        self._waiting = Waiting(self._max_count)
        self._line = Line()
        self._behind = 0
        self._due_at = 0.0
        self._flush_upto = 0
        self._is_hurried = False
        self.is_resting = False
        self._settled = 0
        self.closing_at = 0.0
        self.counters = Counters()
        if self._journal:
            self._journal.after_fork()

    def put(self, payload: bytes, patience: float = 0.0) -> Loss | None:
        """Take a message, or write it to disk; answers what that cost, if anything was lost.

        If there is no room, wait so many seconds for some, but never for a collector that is down.
        """
        loss = None
        with self.lock:
            if patience:
                self.wait(lambda: self._may_put(len(payload)), monotonic() + patience)
            if self.is_closing:
                return self._write(payload) if self._spool else self._refuse(DropReason.CLOSED, payload)
            if not self._waiting.has_room(len(payload)):
                if self._policy == "spool":
                    return self._write(payload)
                if self._policy != "drop_oldest":
                    return self._refuse(DropReason.QUEUE_FULL, payload)
                loss = self._displace(len(payload))
            if self._journal and not self._journal.append(payload):
                self.counters.volatile += 1
            count = self._waiting.append(payload)
            if count == 1:
                self._due_at = monotonic() + self._interval
            if count in (1, self._flush_at):
                self._work.notify()
        return loss

    def claim(self, idle_until: float = math.inf) -> Part | None:
        """Wait until something is due and hand it out; None if nothing is by then, or never will be."""
        with self.lock:
            self.settle()  # what an interrupt has kept us from settling
            while not self._line and not self._is_due():
                remaining = idle_until - monotonic()
                if self.is_closing or remaining <= 0:
                    return None
                wait = min(remaining, self._due_at - monotonic() if self._waiting else math.inf)
                self._work.wait(None if wait == math.inf else wait)
            if not self._line:
                self._claim_batch()
                self._is_hurried = False
            return self._line.first

    def rest(self, deadline: float) -> bool:
        """Wait until the breaker lets the claimed part be tried again; False if there will be no time for it.

        A flush shortens the wait, but not one for a collector that is down; so does a close, which leaves
        time for one more try.
        """
        with self.lock:
            self.is_resting = True
            self._progress.notify_all()
            try:
                return self._rest(deadline)
            finally:
                self.is_resting = False

    def end(self, deadline: float) -> float:
        """Until when to work: nothing new is begun when whoever closes the client has stopped waiting."""
        return min(deadline, self.closing_at) if self.is_closing else deadline

    def begin_try(self, part: Part) -> None:
        """Count a try, and all but the first as a repetition."""
        with self.lock:
            self.counters.retried += len(part.messages) if part.tries else 0
            part.tries += 1

    def resolve(self, part: Part, sent: int, dropped: Iterable[DropReason]) -> bool:
        """Count what became of the part; False if it was abandoned (and counted) meanwhile."""
        with self.lock:
            if not self._line.done(part):
                return False
            self.counters.settle(sent, dropped)
            return True

    def keep(self, part: Part) -> bool:
        """Write the part to disk instead of sending it; False if that is not possible, or it is gone."""
        with self.lock:
            if not self._spool or not self._line or self._line.first is not part:
                return False
            kept = self._spool.append(part.messages)
            self.counters.spooled += kept
            if kept < len(part.messages):
                del part.messages[:kept]
                return False
            self._line.done(part)
            return True

    def split(self, part: Part) -> None:
        """Carry the halves of the part one by one."""
        with self.lock:
            self._line.split(part)

    def put_last(self, part: Part) -> bool:
        """Try the rest of the batch before this part, or what waits; False if there is nothing."""
        with self.lock:
            if self._waiting and self._line.is_last(part):
                self._claim_batch()
            return self._line.put_last(part)

    def settle(self) -> None:
        """Tell those who wait, if the whole batch is done with, its drops reported."""
        with self.lock:
            if self._line.size and not self._line:
                self._advance(self._line.size + self._behind)

    def ask_flush(self) -> int:
        """Make all that is queued now due at once; returns the ordinal to wait for."""
        with self.lock:
            self._flush_upto = self._last_ordinal()
            self._is_hurried = True
            self._work.notify()
            return self._flush_upto

    def begin_close(self, deadline: float) -> int:
        """Take no more messages and make the rest due at once; returns the ordinal to wait for."""
        with self.lock:
            self.is_closing = True
            self.closing_at = max(self.closing_at, deadline)
            self._progress.notify_all()
            return self.ask_flush()

    def is_settled(self, ordinal: float) -> bool:
        """Whether that message and all before it are settled."""
        return self._settled >= ordinal

    def wake(self) -> None:
        """Let those who wait look again."""
        with self.lock:
            self._progress.notify_all()

    def wait(self, is_so: Callable[[], bool], deadline: float) -> None:
        """Wait until it is so, or the deadline is past."""
        with self.lock:
            while not is_so() and (remaining := deadline - monotonic()) > 0:
                self._progress.wait(remaining)

    def abandon(self) -> tuple[int, list[bytes]]:
        """Give up all that is not resolved: to disk if possible. Answers how many, and what is lost."""
        with self.lock:
            ordinal = self._last_ordinal()
            claimed, waiting = self._line.messages, self._waiting.messages
            lost = self._leave([*claimed, *waiting])
            # Only now: an interrupt while they are written must not cost them.
            self._line.clear()
            self._waiting.forget(waiting)
            kept = len(claimed) + len(waiting) - len(lost)
            self.counters.spooled += kept
            if lost:
                self.counters.dropped[DropReason.UNSENT] += len(lost)
            self._advance(ordinal - self._settled)
            self._work.notify_all()
            return kept, lost

    def count_drop(self, reason: DropReason) -> None:
        """Count a message that never came into the queue."""
        with self.lock:
            self.counters.dropped[reason] += 1

    def stats(self) -> Stats:
        """All counters, read at one moment."""
        with self.lock:
            waiting = len(self._waiting) + len(self._line)
            return self.counters.stats(self._last_ordinal(), waiting, self._breaker.state)

    def _claim_batch(self) -> None:
        batch = self._waiting.batch()
        self._line.begin(batch)
        # Only now: better twice in the middle of an interrupt than not at all.
        self._waiting.forget(batch)
        self._progress.notify_all()

    def _may_put(self, size: int) -> bool:
        return self._waiting.has_room(size) or self.is_closing or self._breaker.is_tripped

    def _refuse(self, reason: DropReason, payload: bytes) -> Loss:
        self.counters.dropped[reason] += 1
        return Loss(reason, [payload])

    def _write(self, payload: bytes) -> Loss | None:
        if self._spool and self._spool.append([payload]):
            self.counters.direct += 1
            return None
        return self._refuse(DropReason.SPOOL_FULL, payload)

    def _displace(self, size: int) -> Loss:
        gone = self._waiting.make_room(size)
        self.counters.dropped[DropReason.DISPLACED] += len(gone)
        if self._line.size:
            self._behind += len(gone)
        else:
            self._advance(len(gone))
        return Loss(DropReason.DISPLACED, gone, is_taken=True)

    def _leave(self, left: list[bytes]) -> list[bytes]:
        if self._journal:
            left = self._journal.leave(left)
        return left[self._spool.append(left) :] if self._spool and left else left

    def _advance(self, count: int) -> None:
        # At one stroke: an interrupt must not leave them apart.
        self._settled, self._behind, self._line.size = self._settled + count, 0, 0
        if self._journal:
            self._journal.forget(count)
        self._progress.notify_all()

    def _last_ordinal(self) -> int:
        return self._settled + self._line.size + self._behind + len(self._waiting)

    def _rest(self, deadline: float) -> bool:
        while self._line:
            end = self.end(deadline)
            try_at = self._try_at(end)
            remaining = try_at - monotonic()
            if try_at >= end:
                return False
            if remaining <= 0:
                self._is_hurried = False
                self._breaker.allow()
                return monotonic() < end
            self._work.wait(remaining)
        return False

    def _try_at(self, end: float) -> float:
        breaker = self._breaker
        if self.is_closing:
            # Half of the time that was left when the last try failed, so that another one fits in.
            middle = (breaker.failed_at + end) / 2
            return min(breaker.next_at, max(breaker.minimum, min(breaker.earliest, middle)))
        if self._is_hurried and not breaker.is_tripped:
            return breaker.earliest
        return breaker.next_at

    def _is_due(self) -> bool:
        waiting = len(self._waiting)
        return waiting > 0 and (
            self.is_closing
            or waiting >= self._flush_at
            or self._last_ordinal() - waiting < self._flush_upto
            or monotonic() >= self._due_at
        )
