"""Slows down the guessing of passwords: a few failures are forgiven, more have to wait."""

from __future__ import annotations

import threading

WINDOW_MS = 10 * 60_000
LIMITS = {"pair": 5, "email": 20, "address": 50}
MOST_REMEMBERED = 20_000

Mark = tuple[str, str]


class Throttle:
    """Failed sign-ins of the last minutes, by address, by e-mail and by both together."""

    def __init__(self) -> None:
        self._failures: dict[Mark, list[int]] = {}
        self._guard = threading.Lock()

    def wait_ms(self, address: str, email: str, *, now: int) -> int:
        """How long this caller must wait before the next try; 0 when it may try."""
        with self._guard:
            return max(self._wait(mark, now) for mark in _marks(address, email))

    def note_failure(self, address: str, email: str, *, now: int) -> None:
        """Remember a failed try."""
        with self._guard:
            if len(self._failures) > MOST_REMEMBERED:
                self._forget_old(now)
            for mark in _marks(address, email):
                self._failures.setdefault(mark, []).append(now)

    def forgive(self, address: str, email: str) -> None:
        """Forget the failures of a person who got it right."""
        with self._guard:
            self._failures.pop(_marks(address, email)[0], None)

    def _wait(self, mark: Mark, now: int) -> int:
        recent = [at for at in self._failures.get(mark, []) if now - at < WINDOW_MS]
        if not recent:
            self._failures.pop(mark, None)
            return 0
        self._failures[mark] = recent
        most = LIMITS[mark[0]]
        return recent[-most] + WINDOW_MS - now if len(recent) >= most else 0

    def _forget_old(self, now: int) -> None:
        self._failures = {
            mark: times for mark, times in self._failures.items() if now - times[-1] < WINDOW_MS
        }


def _marks(address: str, email: str) -> tuple[Mark, Mark, Mark]:
    email = email.strip().lower()
    return ("pair", f"{address} {email}"), ("email", email), ("address", address)
