"""What the process does around us: it forks, and it ends."""

from __future__ import annotations

import atexit
import os
import sys
import time
from typing import Protocol
from weakref import WeakSet

EXIT_SECONDS = 5.0


class _Forked(Protocol):
    def after_fork(self) -> None: ...


class _Ending(Protocol):
    def begin_close(self) -> None: ...

    def finish(self, deadline: float) -> None: ...


_forked: WeakSet[_Forked] = WeakSet()
_ending: WeakSet[_Ending] = WeakSet()
_covered: set[int] = set()


def watch_fork(subject: _Forked) -> None:
    """Call `subject.after_fork()` in every child that is forked while it lives."""
    _forked.add(subject)


def watch_exit(subject: _Ending) -> None:
    """Let `subject` deliver what it holds when the process ends in an orderly way."""
    _ending.add(subject)


def cover_multiprocessing() -> None:
    """Children of `multiprocessing` end without atexit; they run their own finalizers instead."""
    process, finalizers = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
    if process and finalizers and process.parent_process() is not None and os.getpid() not in _covered:
        _covered.add(os.getpid())
        finalizers.Finalize(None, _deliver_at_exit, exitpriority=0)


def _deliver_at_exit() -> None:
    deadline = time.monotonic() + EXIT_SECONDS
    subjects = list(_ending)
    for subject in subjects:
        subject.begin_close()
    for subject in subjects:
        subject.finish(deadline)


def _start_afresh() -> None:
    for subject in list(_forked):
        subject.after_fork()


atexit.register(_deliver_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)
