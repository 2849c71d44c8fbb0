"""Slows down the guessing of passwords: a few failures are forgiven, more have to wait."""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import Engine

from store import tries

WINDOW_MS = 10 * 60_000
LIMITS = {"pair": 5, "email": 20, "address": 50}


class Throttle:
    """Failed sign-ins of the last minutes, by address, by e-mail and by both together; in all processes.

    What is kept of them is signed with the installation's secret: addresses are few enough to be guessed.
    """

    def __init__(self, engine: Engine, secret: str) -> None:
        self._engine = engine
        self._secret = secret.encode()

    def wait_ms(self, address: str, email: str, *, now: int) -> int:
        """How long this caller must wait before the next try; 0 when it may try."""
        marks = self._marks(address, email)
        failed = tries.since(self._engine, [*marks.values()], now - WINDOW_MS)
        return max(_wait(LIMITS[kind], failed[mark], now) for kind, mark in marks.items())

    def note_failure(self, address: str, email: str, *, now: int) -> None:
        """Remember a failed try."""
        marks = self._marks(address, email).values()
        tries.note(self._engine, marks, now=now, start=now - WINDOW_MS)

    def forgive(self, address: str, email: str, *, now: int) -> None:
        """Forget the failures of a person who got it right."""
        tries.forgive(self._engine, self._marks(address, email)["pair"], start=now - WINDOW_MS)

    def _marks(self, address: str, email: str) -> dict[str, str]:
        email = email.strip().lower()
        said = {"pair": f"{address} {email}", "email": email, "address": address}
        return {kind: self._signed(f"{kind} {text}") for kind, text in said.items()}

    def _signed(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


def _wait(most: int, failed: list[int], now: int) -> int:
    return failed[-most] + WINDOW_MS - now if len(failed) >= most else 0
