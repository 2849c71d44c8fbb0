"""The bounded queue between the callers and the delivery thread, and all the counting around it."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Iterable
from time import monotonic
from typing import Callable

from ._options import Options
from ._reports import DropReason, Stats

MAX_QUEUE_BYTES = 64 * 1024 * 1024
MAX_BATCH_COUNT = 100
MAX_BATCH_BYTES = 500 * 1024


class Queue:
    """First in, first out; one batch at a time is claimed, and stays owned by the queue until it is resolved.

    Ordinals do the bookkeeping: the n-th message that was enqueued is settled when `settled >= n`. The lock
    is re-entrant because a signal handler may track in the middle of a track.
    """

    def __init__(self, options: Options) -> None:
        self._max_count = options.max_queue
        self._flush_at = min(options.flush_at, options.max_queue)
        self._interval = options.flush_interval
        self._is_closing = False
        self.after_fork()

    def after_fork(self) -> None:
        """Begin empty: what the parent had queued stays the parent's, and so do its locks."""
        self.lock = threading.RLock()
        self._work = threading.Condition(self.lock)
        self._progress = threading.Condition(self.lock)
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._claimed: list[bytes] = []
        self._due_at = 0.0
        self._flush_upto = 0
        self._is_hurried = False
        self._enqueued = self._sent = self._retried = self._settled = 0
        self._dropped: Counter[DropReason] = Counter()

    def put(self, payload: bytes) -> DropReason | None:
        """Take a message; answers why not, if not."""
        size = len(payload)
        with self.lock:
            if self._is_closing:
                return DropReason.CLOSED
            count = len(self._waiting) + 1
            if count > self._max_count or self._waiting_bytes + size > MAX_QUEUE_BYTES:
                return DropReason.QUEUE_FULL
            self._waiting.append(payload)
            self._waiting_bytes += size
            self._enqueued += 1
            if count == 1:
                self._due_at = monotonic() + self._interval
            if count in (1, self._flush_at):
                self._work.notify()
        return None

    def claim(self, is_patient: bool = True) -> list[bytes]:
        """Wait until a batch is due and hand it out; an empty one means that there will be no more."""
        with self.lock:
            while not self._claimed and not self._is_due():
                if self._is_closing or not is_patient:
                    return []
                self._work.wait(self._due_at - monotonic() if self._waiting else None)
            if not self._claimed:
                self._claimed = self._take_batch()
                self._is_hurried = False
            return self._claimed

    def pause(self, minimum: float, more: float, deadline: float = math.inf) -> bool:
        """Wait between two attempts: `minimum` seconds in any case, `more` unless someone asks to flush.

        Answers whether the batch is still to be sent; not so when it was abandoned, or the deadline is past.
        """
        start = monotonic()
        with self.lock:
            while self._claimed:
                until = start + minimum + (0.0 if self._is_hurried else more)
                remaining = min(until, deadline) - monotonic()
                if remaining <= 0:
                    self._is_hurried = False
                    return monotonic() < deadline
                self._work.wait(remaining)
        return False

    def resolve(self, sent: int, dropped: Iterable[DropReason]) -> bool:
        """Count what became of the claimed batch; False if it was abandoned (and counted) meanwhile."""
        with self.lock:
            if not self._claimed:
                return False
            self._claimed = []
            self._sent += sent
            self._dropped.update(dropped)
            return True

    def settle(self, count: int) -> None:
        """Tell those who wait that a resolved batch is done with, its drops reported."""
        with self.lock:
            self._settled += count
            self._progress.notify_all()

    def ask_flush(self) -> int:
        """Make all that is queued now due at once; returns the ordinal to wait for."""
        with self.lock:
            self._flush_upto = self._enqueued
            self._is_hurried = True
            self._work.notify()
            return self._enqueued

    def begin_close(self) -> int:
        """Take no more messages and make the rest due at once; returns the ordinal to wait for."""
        with self.lock:
            self._is_closing = True
            return self.ask_flush()

    def is_settled(self, ordinal: int) -> bool:
        """Whether that message and all before it are settled."""
        return self._settled >= ordinal

    def wake(self) -> None:
        """Let those who wait look again."""
        with self.lock:
            self._progress.notify_all()

    def wait(self, ordinal: int, deadline: float, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Wait until that message is settled; False if the deadline comes first, or it is over anyway."""
        with self.lock:
            while self._settled < ordinal:
                if is_over():
                    return False
                remaining = deadline - monotonic()
                if remaining <= 0:
                    return False
                self._progress.wait(remaining)
        return True

    def abandon(self) -> list[bytes]:
        """Give up everything that is not resolved, count it as unsent and hand it out."""
        with self.lock:
            left = [*self._claimed, *self._waiting]
            self._claimed = []
            self._waiting.clear()
            self._waiting_bytes = 0
            if left:
                self._dropped[DropReason.UNSENT] += len(left)
                self._settled += len(left)
            self._work.notify_all()
            self._progress.notify_all()
            return left

    def count_drop(self, reason: DropReason) -> None:
        """Count a message that never came into the queue."""
        with self.lock:
            self._dropped[reason] += 1

    def count_retry(self) -> None:
        """Count the claimed batch as sent once more."""
        with self.lock:
            self._retried += len(self._claimed)

    def stats(self) -> Stats:
        """All counters, read at one moment."""
        with self.lock:
            waiting = len(self._waiting) + len(self._claimed)
            dropped = {reason.value: count for reason, count in self._dropped.items()}
            return Stats(self._enqueued, waiting, self._sent, self._retried, dropped)

    def _is_due(self) -> bool:
        waiting = len(self._waiting)
        return waiting > 0 and (
            self._is_closing
            or waiting >= self._flush_at
            or self._enqueued - waiting < self._flush_upto
            or monotonic() >= self._due_at
        )

    def _take_batch(self) -> list[bytes]:
        batch: list[bytes] = []
        size = 0
        while self._waiting and len(batch) < MAX_BATCH_COUNT:
            size += len(self._waiting[0]) + 1
            if size > MAX_BATCH_BYTES:
                break
            batch.append(self._waiting.popleft())
        self._waiting_bytes -= sum(map(len, batch))
        return batch
