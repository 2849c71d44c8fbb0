"""Tells people: log lines, once for each kind, and the caller's own functions, which may not hurt us."""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import suppress
from typing import Any, Callable

from . import _process
from ._errors import DeliveryError, RequestRefused
from ._options import OnDrop, OnError
from ._reports import Drop

logger = logging.getLogger("waywiser")


class Notices:
    """Holds which kinds of warning were given, and the functions `on_error` and `on_drop`."""

    def __init__(self, on_error: OnError | None, on_drop: OnDrop | None) -> None:
        self._on_error = on_error
        self._on_drop = on_drop
        self.after_fork()
        _process.watch_fork(self)

    def after_fork(self) -> None:
        """Nothing was said yet in this process."""
        self._given: set[str] = set()
        self._later: deque[tuple[str, str, tuple[object, ...]]] = deque()
        self._calling = threading.local()

    def warn(self, kind: str, text: str, *values: object) -> None:
        """Log a warning, the first time for this kind."""
        if kind not in self._given:
            self._given.add(kind)
            _log(logging.WARNING, text, *values)

    def warn_later(self, kind: str, text: str, *values: object) -> None:
        """The same where a lock is held, for which somebody who listens to the log may wait."""
        if kind not in self._given:
            self._later.append((kind, text, values))

    def speak(self) -> None:
        """Log what was left for later."""
        while self._later:
            with suppress(IndexError):  # another thread may have been faster
                kind, text, values = self._later.popleft()
                self.warn(kind, text, *values)

    def inform(self, text: str, *values: object) -> None:
        """Log what is no reason to worry."""
        _log(logging.INFO, text, *values)

    def log_failure(self, host: str, error: DeliveryError) -> None:
        """Log that delivery begins to fail."""
        _log(logging.WARNING, "delivery to %s fails: %s", host, _brief(error))

    def log_recovery(self, host: str) -> None:
        """Log that delivery works again."""
        _log(logging.INFO, "delivery to %s works again", host)

    def failed(self, error: DeliveryError) -> None:
        """Hand one failed request to `on_error`."""
        self._call("on_error", self._on_error, error)

    def dropped(self, drop: Drop) -> None:
        """Warn of this reason once, and hand the message to `on_drop`."""
        self.warn(
            drop.reason, "message dropped (%s): %s; stats() counts all of them", drop.reason.value, _why(drop)
        )
        self._call("on_drop", self._on_drop, drop)

    def _call(self, name: str, function: Callable[[Any], object] | None, value: object) -> None:
        # A function that tracks may cause the next drop, and so call itself without end.
        if function is None or getattr(self._calling, "is_on", False):
            return
        self._calling.is_on = True
        try:
            function(value)
        except (Exception, SystemExit) as error:
            self.warn(name, "%s raised %s", name, type(error).__name__)
        finally:
            self._calling.is_on = False


def _log(level: int, text: str, *values: object) -> None:
    # A handler of the user's may raise; that must reach neither the caller nor the delivery thread.
    with suppress(Exception):
        logger.log(level, text, *values)


def _brief(error: DeliveryError) -> str:
    # The collector's sentence may quote a message or the key: its status and code are enough for a log.
    return f"it answered {error.status} {error.code}" if isinstance(error, RequestRefused) else str(error)


def _why(drop: Drop) -> str:
    # The collector's sentence may quote the message, so only its code is logged.
    return drop.code or drop.detail
