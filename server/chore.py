"""A thread that does one thing again and again, until it is asked to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """How the last turn of a chore ended, when (s since 1970), and what went wrong; '' where nothing did."""

    at: float
    problem: str = ""


class Chore:
    """Does `work` at once, `every` so many seconds after it was done, and when it is woken.

    What goes wrong is logged and tried again, after ever longer pauses of at most `longest` seconds. Work
    that takes long asks `is_stopping`, or `check` where it can be cut off. A chore is started once.
    """

    def __init__(
        self, name: str, work: Callable[[], object], *, every: float, longest: float | None = None
    ) -> None:
        self.name, self._work = name, work
        self.last: Turn | None = None
        self._every, self._longest = every, max(every, longest or every)
        self._log = logging.getLogger(f"waywiser.{name}")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopping.is_set()

    @property
    def is_at_work(self) -> bool:
        """Whether it was started, and goes on."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def wake(self) -> None:
        """Let it work at once instead of at the next turn."""
        self._wake.set()

    def stop(self) -> None:
        """Ask it to stop, and wait until it has; what it was at goes on at the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=60)

    def check(self) -> None:
        """Raise InterruptedError where it is to stop: for work that can be cut off here."""
        if self.is_stopping:
            raise InterruptedError(f"{self.name} was asked to stop")

    def breathe(self, seconds: float) -> None:
        """Pause inside of the work, for others; not when it is to stop."""
        self._stopping.wait(seconds)

    def _run(self) -> None:
        pause = self._every
        while not self._stopping.is_set():
            try:
                self._work()
                self.last = Turn(time.time())
                pause = self._every
            except Exception as error:  # whatever a store says, the next turn may be better
                if isinstance(error, InterruptedError) and self._stopping.is_set():
                    return
                pause = min(pause * 2, self._longest)
                self.last = Turn(time.time(), f"{type(error).__name__}: {error}")
                self._log.exception("%s failed; it is tried again in %.0f s", self.name, pause)
            self._wake.wait(pause)
            self._wake.clear()
