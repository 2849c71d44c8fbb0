"""Tells people: log lines, once for each kind, and the caller's own functions, which may not hurt us."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable

from ._errors import DeliveryError
from ._options import OnDrop, OnError
from ._reports import Drop

logger = logging.getLogger("waywiser")


class Notices:
    """Holds which kinds of warning were given, and the functions `on_error` and `on_drop`."""

    def __init__(self, on_error: OnError | None, on_drop: OnDrop | None) -> None:
        self._on_error = on_error
        self._on_drop = on_drop
        self._given: set[str] = set()
        self._calling = threading.local()

    def warn(self, kind: str, text: str, *values: object) -> None:
        """Log a warning, the first time for this kind."""
        if kind not in self._given:
            self._given.add(kind)
            logger.warning(text, *values)

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
        except Exception as error:
            self.warn(name, "%s raised %s", name, type(error).__name__)
        finally:
            self._calling.is_on = False


def _why(drop: Drop) -> str:
    # The collector's sentence may quote the message, so only its code is logged.
    return drop.code or drop.detail
