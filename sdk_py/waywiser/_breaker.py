"""Remembers how the collector fares, so that one that is down is asked seldom and costs nothing."""

from __future__ import annotations

import os
from time import monotonic, sleep

FIRST_BACKOFF = 0.5
MAX_BACKOFF = 30.0
OPEN_AFTER = 5
HURRIED_SECONDS = 1.0


class Breaker:
    """Counts failures in a row. Closed, requests flow; open, none is made; half open, one may try.

    `next_at` is when the next try is due, `earliest` when it may be if somebody is in a hurry, `minimum` what
    the collector asked for; all on the monotonic clock.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Know nothing yet."""
        self.failures = 0
        self.failed_at = self.minimum = self.earliest = self.next_at = 0.0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half_open`."""
        if not self.is_tripped:
            return "closed"
        return "open" if self.is_resting() else "half_open"

    @property
    def is_tripped(self) -> bool:
        """Whether so many tries failed in a row that the collector counts as down."""
        return self.failures >= OPEN_AFTER

    def is_resting(self) -> bool:
        """Whether it is too early for another try."""
        return monotonic() < self.next_at

    def wait(self, deadline: float) -> None:
        """Sleep until another try is due, or the deadline is past."""
        sleep(max(0.0, min(self.next_at, deadline) - monotonic()))

    def failed(self, not_before: float, is_certain: bool = False) -> None:
        """Another try failed; the collector asks not to be tried again for so many seconds.

        If it is certain that another try would fail too, the breaker opens at once.
        """
        self.failures = max(self.failures + 1, OPEN_AFTER if is_certain else 0)
        self.failed_at = now = monotonic()
        self.minimum = now + not_before
        self.next_at = self.minimum + backoff(self.failures, chance())
        self.earliest = min(self.next_at, max(self.minimum, now + HURRIED_SECONDS))

    def allow(self) -> None:
        """Somebody may try now, whatever was said before."""
        self.next_at = monotonic()

    def succeeded(self) -> None:
        """The collector answered as a collector does."""
        self.failures = 0
        self.minimum = self.earliest = self.next_at = 0.0


def chance() -> float:
    """A number from 0 to 1, another one in each process; the `random` module takes long to import."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def backoff(attempt: int, chance: float) -> float:
    """Seconds to wait after that many attempts: full jitter, so that clients do not return all at once.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog. `chance` is a random number from 0 to 1.
    Once the breaker is open, half the wait is fixed, so that it is a rest in any case.
    """
    most = min(MAX_BACKOFF, FIRST_BACKOFF * 2.0 ** min(attempt - 1, 16))
    return most * (0.5 + chance / 2) if attempt >= OPEN_AFTER else most * chance
