"""The life behind a client: one thread, from the first message to `close` or the end of the process."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from . import _process
from ._breaker import Breaker
from ._courier import Courier
from ._health import report
from ._message import Composer
from ._notices import Notices
from ._options import Options
from ._queue import Queue
from ._reports import CloseReport, Drop, DropReason
from ._transport import Transport
from ._waiting import Loss

if TYPE_CHECKING:
    from ._journal import Journal
    from ._spool import Spool
    from ._spool_reader import SpoolReader

ORPHAN_LOOK_SECONDS = 0.2
REPAIR_SECONDS = 1.0
THREAD_NAME = "waywiser-delivery"


class Delivery:
    """Owns the thread. `thread` is whoever works at the moment, None where nobody does."""

    def __init__(self, options: Options, composer: Composer, transport: Transport, notices: Notices) -> None:
        self._options = options
        self._notices = notices
        self.breaker = Breaker()
        self._spool, journal = _open_spool(options, notices)
        self.queue = queue = Queue(options, self.breaker, self._spool, journal)
        self._courier = Courier(
            options,
            queue,
            self.breaker,
            _open_reader(self._spool, queue, notices),
            transport,
            notices,
            health=lambda: report(queue.stats(), options.service, composer.stream),
        )
        self.thread: threading.Thread | None = None
        self._is_at_work = False
        self._closers: list[float] = []
        self._life = object()
        _process.watch_fork(self)
        _process.watch_exit(self)
        if options.enabled:
            # Here, because the first message may come from a thread, where no signal handler can be set.
            _process.cover_sigterm()

    def after_fork(self) -> None:
        """Begin with an empty queue and without a thread; the parent's are not here."""
        self.thread = None
        self._is_at_work = False
        self._closers = []
        self._life = object()
        if self._spool:
            self._spool.after_fork()
        self.queue.after_fork()
        self._courier.after_fork()

    def put(self, payload: bytes) -> Loss | None:
        """Queue a message, in the way that `on_full` says."""
        patience = 0.0
        if self._options.policy == "block" and not self._is_ours():
            self.start()
            patience = self._options.timeout
        loss = self.queue.put(payload, patience)
        if self._spool:
            self._notices.speak()
        return loss

    def start(self) -> None:
        """Start the thread unless there is one. Where none can be had, `flush` and `close` deliver."""
        with self.queue.lock:
            is_wanted = self._options.enabled and not self._options.sync and not self.queue.is_closing
            if self.thread is not None or not is_wanted:
                return
            thread = self.thread = threading.Thread(target=self._live, name=THREAD_NAME, daemon=True)
        # Without the lock: where threads are greenlets, another one may go on in here.
        try:
            thread.start()
        except RuntimeError:
            self._notices.warn("thread", "no thread can be started here; flush() and close() deliver")
        finally:
            if thread.ident is None:
                self.thread = None
                self.queue.wake()
        _process.cover_child()
        _process.cover_sigterm()

    def flush(self, timeout: float) -> bool:
        """Settle what is queued now; False if that takes longer than `timeout` seconds, or is hopeless."""
        ordinal = self.queue.ask_flush()
        if self._spool or not self.queue.is_settled(ordinal):
            self.start()
        return self._reach(ordinal, monotonic() + timeout)

    def drain(self, deadline: float) -> None:
        """Send all that is in the spool, in the caller's thread, for as long as the deadline allows."""
        if self._take_over():
            try:
                self._is_at_work = True
                self._courier.drain(deadline)
            finally:
                self._is_at_work = False
                self._courier.let_go(keeps_connection=False)
                self.thread = None

    def close(self, timeout: float) -> CloseReport:
        """Take no more, deliver what can be delivered in `timeout` seconds, keep or lose the rest."""
        self.finish(monotonic() + timeout)
        with self.queue.lock:
            stats, own = self.queue.stats(), self.queue.counters.recovered_own
        return CloseReport(sent=stats.sent, spooled=stats.spooled - own, lost=stats.lost)

    def begin_close(self, deadline: float) -> None:
        """Take no more messages, without waiting."""
        self.queue.begin_close(deadline)

    def let_go(self) -> None:
        """Nobody holds the client any more: deliver what waits, then end."""
        _process.notice_fork()
        if self.queue.is_closing:
            return
        deadline = monotonic() + self._options.timeout
        has_written = self._spool is not None and bool(self._spool.own)
        if self.thread is None and (has_written or self.queue.stats().waiting):
            # A `sync` client with a rest that could not be delivered within the call, or holds files.
            with suppress(RuntimeError):
                threading.Thread(target=self.finish, args=(deadline,), name=THREAD_NAME, daemon=True).start()
        else:
            self.queue.begin_close(deadline)

    def finish(self, deadline: float) -> None:
        """Wait for the rest until the deadline, then give up what is left."""
        self.queue.begin_close(deadline)
        self._closers.append(deadline)
        try:
            self._reach(math.inf, deadline)
        finally:
            self._closers.remove(deadline)
        # Whoever closes with more time goes on waiting, so nothing is lost to the impatient.
        if not any(other > deadline for other in self._closers):
            self._abandon()

    def hurry(self) -> None:
        """Begin to deliver all that waits, without waiting for that."""
        self.queue.ask_flush()

    def save(self, deadline: float) -> None:
        """The process may die at the deadline: deliver what can be, keep the rest, but stay open."""
        is_done = self.flush(max(0.0, deadline - monotonic()))
        waiting = self.queue.stats().waiting
        if self._spool:
            self._abandon()
        elif not is_done:
            self._notices.warn("sigterm", "%d messages are not delivered yet", waiting)

    def _take_over(self) -> bool:
        with self.queue.lock:
            is_vacant = self.thread is None
            if is_vacant:
                self.thread = threading.current_thread()
            return is_vacant

    def _is_ours(self) -> bool:
        return threading.current_thread() is self.thread

    def _reach(self, ordinal: float, deadline: float) -> bool:
        """Wait until that message is settled by whoever works, or work until then where nobody does.

        Infinity stands for the end of the client, when all is settled and told.
        """

        def is_over() -> bool:
            return self.queue.is_settled(ordinal) or self._is_hopeless(deadline)

        while not is_over() and monotonic() < deadline:
            try:
                if self._take_over():
                    self._work(deadline, ordinal)
                    break
            except BaseException:
                # Interrupted before the work had begun, or after its end.
                if self._is_ours() and not self._is_at_work:
                    self.thread = None
                raise
            if self._is_ours():
                break
            self.queue.wait(lambda: self.thread is None or is_over(), deadline)
        return self.queue.is_settled(ordinal)

    def _is_hopeless(self, deadline: float) -> bool:
        if not self.queue.is_resting:
            return False
        breaker = self.breaker
        is_down = breaker.is_tripped and breaker.next_at > deadline and not self.queue.is_closing
        return is_down or breaker.minimum > deadline

    def _live(self) -> None:
        life = self._life
        is_over = False
        while life is self._life and not is_over:
            try:
                self._work(math.inf)
                is_over = True
            except _LeftAlone:
                self.finish(monotonic() + _process.EXIT_SECONDS)
                is_over = True
            except BaseException as error:
                # A callback may raise what it likes, such as SystemExit; delivery goes on.
                self._notices.warn("delivery", "delivery met %s and goes on", type(error).__name__)
                self.queue.wait(lambda: self.queue.is_closing, monotonic() + REPAIR_SECONDS)
                is_over = not self._take_over()
        if life is self._life and self.queue.is_closing and not self._closers:
            self._abandon()

    def _work(self, deadline: float, ordinal: float = math.inf) -> None:
        life = self._life
        is_last = ordinal == math.inf
        try:
            self._is_at_work = True
            self._courier.work(deadline, ordinal, self._look)
            if is_last and life is self._life:
                self._courier.finish(min(deadline, self.queue.closing_at))
        finally:
            if life is self._life:
                self._is_at_work = False
                self._courier.let_go(keeps_connection=not is_last)
                self.thread = None
                self.queue.wake()

    def _look(self) -> float:
        if self.queue.is_closing or not _process.is_forked_in_thread():
            return math.inf
        if _process.is_left_alone():
            raise _LeftAlone
        return monotonic() + ORPHAN_LOOK_SECONDS

    def _abandon(self) -> None:
        kept, lost = self.queue.abandon()
        self._notices.speak()
        if self._spool:
            self._spool.seal()
        if kept:
            self._notices.inform("%d messages are kept in the spool", kept)
        if lost:
            self._notices.warn("close", "%d messages could not be delivered before the end", len(lost))
        for payload in lost:
            self._notices.dropped(Drop(DropReason.UNSENT, payload, detail="the time to close was up"))


def _open_spool(options: Options, notices: Notices) -> tuple[Spool | None, Journal | None]:
    # Imported only where they are wanted, so that nobody else waits for that.
    if options.spool_dir is None:
        return None, None
    from ._journal import Journal
    from ._spool import Spool

    spool = Spool(options, notices)
    return spool, Journal(spool) if options.durable else None


def _open_reader(spool: Spool | None, queue: Queue, notices: Notices) -> SpoolReader | None:
    if spool is None:
        return None
    from ._spool_reader import SpoolReader

    return SpoolReader(spool, queue, notices)


class _LeftAlone(Exception):
    """All that is left of this process is our thread."""
