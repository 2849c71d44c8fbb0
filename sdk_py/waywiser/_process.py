"""What the process does around us: it forks, and it ends, in an orderly way or by SIGTERM."""

from __future__ import annotations

import _thread
import atexit
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import BuiltinFunctionType, FrameType
from typing import Any, Protocol
from weakref import WeakSet

EXIT_SECONDS = 5.0


class _Forked(Protocol):
    def after_fork(self) -> None: ...


class _Ending(Protocol):
    def begin_close(self, deadline: float) -> None: ...

    def finish(self, deadline: float) -> None: ...

    def hurry(self) -> None: ...

    def save(self, deadline: float) -> None: ...


_forked: WeakSet[_Forked] = WeakSet()
_ending: WeakSet[_Ending] = WeakSet()
_covered: set[int] = set()
_forking = threading.local()
_born = os.getpid()
_noticing: dict[int, Any] = {}
_dying = _thread.allocate_lock()
_wakened = -1  # what SIGTERM writes to, where a thread of ours reads it
_is_noted = False
_is_forked_in_thread = False
_forker: threading.Thread | None = None


def watch_fork(subject: _Forked) -> None:
    """Call `subject.after_fork()` in every child that is forked while it lives."""
    _forked.add(subject)


def notice_fork() -> None:
    """Begin afresh where a fork has run no hook of Python's: uWSGI and other C code fork in this way.

    What the caller holds may be a copy of the parent's, so this comes before anything else.
    """
    if os.getpid() == _born:
        return
    # A lock of this very process: no thread of the parent's can have held it during the fork.
    with _noticing.setdefault(os.getpid(), threading.RLock()):
        if os.getpid() != _born:
            _start_afresh()


def watch_exit(subject: _Ending) -> None:
    """Let `subject` deliver what it holds when the process ends in an orderly way."""
    _ending.add(subject)


def is_forked_in_thread() -> bool:
    """Whether this process was forked in a thread: it then ends with its last thread, and without atexit."""
    return _is_forked_in_thread


def is_left_alone() -> bool:
    """Whether every thread but such as ours has ended; the one that forked us counts, daemon or not."""
    return not any(
        thread.is_alive() and (not thread.daemon or thread is _forker) for thread in threading.enumerate()
    )


def cover_child() -> None:
    """Children of `multiprocessing` and of Celery end without atexit; both have hooks of their own."""
    if os.getpid() in _covered:
        return
    _covered.add(os.getpid())
    process, finalizers = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
    if process and finalizers and process.parent_process() is not None:
        finalizers.Finalize(None, _deliver_at_exit, exitpriority=0)
        _heed_sigterm()
    celery = sys.modules.get("celery.signals")
    if celery:
        celery.worker_process_shutdown.connect(_deliver_at_exit, weak=False)


def cover_sigterm() -> None:
    """Let SIGTERM end the process only after a delivery, where nobody else handles it.

    A handler that is there stays: it ends the process in its own way, and `atexit` comes then.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    with suppress(ValueError, OSError):
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _deliver_at_sigterm)


def _heed_sigterm() -> None:
    """Read SIGTERM in a thread, too: the worker of a pool may wait for a lock that lets no handler run.

    Not where threads are greenlets, which all wait for one that reads, or where others are told of signals.
    """
    global _wakened
    is_thread = isinstance(_thread.start_new_thread, BuiltinFunctionType)
    if not is_thread or threading.current_thread() is not threading.main_thread():
        return
    with suppress(ValueError, OSError, RuntimeError):
        ours, written = os.pipe()
        os.set_blocking(written, False)
        before = signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        if before != -1:
            signal.set_wakeup_fd(before)
            os.close(ours)
            os.close(written)
            return
        _wakened = written
        _thread.start_new_thread(_heed, (ours,))


def _heed(ours: int) -> None:
    while told := os.read(ours, 1):
        if told[0] == signal.SIGTERM and signal.getsignal(signal.SIGTERM) is _deliver_at_sigterm:
            _deliver_and_die(signal.SIGTERM)


def _deliver_at_sigterm(number: int, _: FrameType | None) -> None:
    """In a thread: what the signal has interrupted may hold a lock, and has to go on to let go of it.

    That may be the start of another thread, whose lock `Thread.start()` would wait for in vain.
    """
    # As process 1 of a container we are immune to a signal that nobody handles, and stay.
    is_immune = os.getpid() == 1
    if not is_immune:
        signal.signal(number, signal.SIG_DFL)
    work = _save if is_immune else _deliver_and_die
    try:
        _thread.start_new_thread(work, (number,))
    except RuntimeError:
        work(number)


def _deliver_and_die(number: int) -> None:
    if not _dying.acquire(False):
        return
    try:
        _deliver_at_exit()
    finally:
        if signal.getsignal(number) is _deliver_at_sigterm:  # the main thread does not come to it
            os._exit(128 + number)
        os.kill(os.getpid(), number)


def _save(_: int) -> None:
    notice_fork()
    deadline = time.monotonic() + EXIT_SECONDS
    subjects = list(_ending)
    for subject in subjects:
        subject.hurry()
    for subject in subjects:
        with suppress(Exception):
            subject.save(deadline)


def _deliver_at_exit(**_: object) -> None:
    notice_fork()
    deadline = time.monotonic() + EXIT_SECONDS
    subjects = list(_ending)
    for subject in subjects:
        subject.begin_close(deadline)
    for subject in subjects:
        with suppress(Exception):
            try:
                subject.finish(deadline)
            except KeyboardInterrupt:
                # Somebody will not wait any longer. What is left is kept all the same, or said to be lost.
                deadline = time.monotonic()
                subject.finish(deadline)


def _note_forking() -> None:
    global _is_noted
    finalizers = sys.modules.get("multiprocessing.util")
    if finalizers and not _is_noted:
        _is_noted = True
        finalizers.register_after_fork(_dying_by_default, _dying_by_default)
    _forking.is_in_thread = threading.current_thread() is not threading.main_thread()
    # A child forgets signals that come before it is ready, so ours has to wait until then.
    is_ours = signal.getsignal(signal.SIGTERM) is _deliver_at_sigterm
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]) if is_ours else None


def _no_more_forking() -> None:
    mask = getattr(_forking, "mask", None)
    _forking.mask = None
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_fork() -> None:
    try:
        _begin_as_child()
    finally:
        _no_more_forking()


def _begin_as_child() -> None:
    global _is_forked_in_thread, _forker
    _forker = threading.current_thread()
    _is_forked_in_thread = _is_forked_in_thread or getattr(_forking, "is_in_thread", False)
    _start_afresh()


def _dying_by_default(_: object) -> None:
    """In the worker of a pool, that has nothing to deliver yet; `cover_sigterm` takes it back.

    It may be ended while it waits for a lock that lets no handler run. Another child may have its first
    message from a thread, where no handler can be set.
    """
    if "PoolWorker" not in sys.modules["multiprocessing.process"].current_process().name:
        return
    with suppress(ValueError, OSError):
        if signal.getsignal(signal.SIGTERM) is _deliver_at_sigterm:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _start_afresh() -> None:
    global _born, _dying, _wakened
    _dying = _thread.allocate_lock()
    if _wakened != -1:  # it is the parent's
        _wakened = -1
        with suppress(ValueError, OSError):
            signal.set_wakeup_fd(-1)
    for subject in list(_forked):
        subject.after_fork()
    # Last, so that no other thread goes on before all of them have begun afresh.
    _born = os.getpid()


atexit.register(_deliver_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_note_forking, after_in_parent=_no_more_forking, after_in_child=_after_fork)
