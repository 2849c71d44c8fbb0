"""The life behind a client: one thread, from the first message to `close` or the end of the process."""

from __future__ import annotations

import math
import threading
from time import monotonic

from . import _process
from ._courier import Courier
from ._notices import Notices
from ._options import Options
from ._queue import Queue
from ._reports import CloseReport, Drop, DropReason
from ._transport import Transport


class Delivery:
    """Owns the thread. `thread` is whoever works at the moment, None where nobody does."""

    def __init__(self, options: Options, queue: Queue, transport: Transport, notices: Notices) -> None:
        self._queue = queue
        self._notices = notices
        self._courier = Courier(options, queue, transport, notices)
        self.thread: threading.Thread | None = None
        _process.watch_fork(self)
        _process.watch_exit(self)

    def after_fork(self) -> None:
        """Begin with an empty queue and without a thread; the parent's are not here."""
        self.thread = None
        self._queue.after_fork()

    def start(self) -> None:
        """Start the thread unless there is one. Where none can be had, `close` delivers by itself."""
        with self._queue.lock:
            if self.thread is not None:
                return
            self.thread = threading.Thread(target=self._work, name="waywiser-delivery", daemon=True)
            try:
                self.thread.start()
            except RuntimeError:
                self.thread = None
        if self.thread is None:
            self._notices.warn("thread", "no thread can be started here; close() will deliver")
        _process.cover_multiprocessing()

    def flush(self, timeout: float) -> bool:
        """Wait until what is queued now is settled; False if that takes longer than `timeout` seconds."""
        if threading.current_thread() is self.thread:
            return False
        ordinal = self._queue.ask_flush()
        if self.thread is None and self._queue.stats().waiting:
            self.start()
        return self._queue.wait(ordinal, monotonic() + timeout)

    def deliver(self, timeout: float) -> bool:
        """Deliver what is queued now in the caller's thread; False if that takes longer than `timeout`."""
        deadline = monotonic() + timeout
        ordinal = self._queue.ask_flush()
        while not self._queue.is_settled(ordinal) and monotonic() < deadline:
            if self._take_over():
                self._work(deadline, is_patient=False)
            elif threading.current_thread() is self.thread:
                return False
            else:
                self._queue.wait(ordinal, deadline, lambda: self.thread is None)
        return self._queue.is_settled(ordinal)

    def _take_over(self) -> bool:
        with self._queue.lock:
            is_vacant = self.thread is None
            if is_vacant:
                self.thread = threading.current_thread()
            return is_vacant

    def close(self, timeout: float) -> CloseReport:
        """Take no more, deliver what can be delivered in `timeout` seconds, count the rest as lost."""
        self.finish(monotonic() + timeout)
        stats = self._queue.stats()
        return CloseReport(sent=stats.sent, spooled=0, lost=stats.lost)

    def begin_close(self) -> None:
        """Take no more messages, without waiting."""
        self._queue.begin_close()

    def finish(self, deadline: float) -> None:
        """Wait for the rest until the deadline, then give up what is left."""
        ordinal = self._queue.begin_close()
        if self._take_over():
            self._work(deadline)
        elif threading.current_thread() is not self.thread:
            self._queue.wait(ordinal, deadline)
        left = self._queue.abandon()
        if left:
            self._notices.warn("close", "%d messages could not be delivered before the end", len(left))
        for payload in left:
            self._notices.dropped(Drop(DropReason.UNSENT, payload, detail="the time to close was up"))

    def _work(self, deadline: float = math.inf, is_patient: bool = True) -> None:
        try:
            self._courier.work(deadline, is_patient)
        finally:
            self.thread = None
            self._queue.wake()
