"""Answers about client addresses from an .mmdb file, which may be replaced at any time."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError
from maxminddb import InvalidDatabaseError

log = logging.getLogger("waywiser.pipeline")

T = TypeVar("T")
Find = Callable[[str], T]

LOOK_EVERY_S = 10.0
REMEMBERED = 20_000


class Database(Generic[T]):
    """One file, read again when it changes. Without one, and where it knows nothing, the answer is `nothing`.

    `prepare` turns an open reader into the question that is asked of it; it raises ValueError when this is
    not the right kind of database. Any number of threads may ask at the same time.
    """

    def __init__(
        self,
        path: str,
        *,
        setting: str,
        nothing: T,
        prepare: Callable[[Reader], Find[T]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_given = bool(path)
        self._path = path
        self._setting = setting
        self._nothing = nothing
        self._prepare = prepare
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._is_troubled = False
        self._ask: Find[T] = lambda _ip: nothing
        self._look_again = monotonic()

    def find(self, ip: str) -> T:
        """What the newest readable file says of an address."""
        if self.is_given and self._monotonic() >= self._look_again:
            self.refresh()
        return self._ask(ip)

    def refresh(self) -> None:
        """Read the file if it has changed; other threads go on with what was read before."""
        if not self.is_given or not self._guard.acquire(blocking=False):
            return
        try:
            self._look_again = self._monotonic() + LOOK_EVERY_S
            self._read_changes()
        finally:
            self._guard.release()

    def close(self) -> None:
        """Forget the file; it is closed when the last question is answered."""
        self.is_given, self._ask = False, lambda _ip: self._nothing

    def _read_changes(self) -> None:
        try:
            seen = _signature(self._path)
            if seen == self._seen:
                return
            self._ask = self._opened()
        except OSError as error:
            self._complain(error)
        except (InvalidDatabaseError, ValueError) as error:
            self._seen = seen  # it stays unreadable until somebody writes to it
            self._complain(error)
        else:
            if self._seen is not None:
                log.info("WAYWISER_%s: %s has changed and was read again", self._setting, self._path)
            self._seen, self._is_troubled = seen, False

    def _opened(self) -> Find[T]:
        find, nothing = self._prepare(_copied(self._path)), self._nothing

        def ask(ip: str) -> T:
            try:
                return find(ip)
            except (AddressNotFoundError, InvalidDatabaseError, ValueError):
                return nothing

        return lru_cache(maxsize=REMEMBERED)(ask)

    def _complain(self, error: Exception) -> None:
        if not self._is_troubled:
            log.warning(
                "WAYWISER_%s: %s cannot be read (%s); what was read before stays in use, and the file is "
                "looked at again every %d seconds",
                *(self._setting, self._path, error, LOOK_EVERY_S),
            )
        self._is_troubled = True


def _signature(path: str) -> tuple[int, int, int]:
    state = Path(path).stat()
    return state.st_ino, state.st_mtime_ns, state.st_size


def _copied(path: str) -> Reader:
    """Open a copy without a name: when a mapped file is overwritten in place, its readers crash."""
    with tempfile.NamedTemporaryFile(prefix="waywiser-", suffix=".mmdb") as copy:
        with Path(path).open("rb") as original:
            shutil.copyfileobj(original, copy)
        copy.flush()
        return Reader(copy.name)
