"""Makes failures that customers meet touchpoints: a handler for the standard library's `logging`."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from types import TracebackType
from typing import Any, Callable

from ._client import Client
from ._context import current_context

MINUTE = 60.0


class FailureHandler(logging.Handler):
    """Sends an event for each record of level ERROR or above that is logged where a customer is known.

        logging.getLogger().addHandler(FailureHandler(ww))

    The event has the properties `logger`, `level`, `exception` (its type) and where it was raised, or else
    logged: `module`, `function` and `line`. Never its text, the record's, or any value. At most `per_minute`
    events are sent; `suppressed`, in the next one, counts those that were not. Records of this library make
    no events.
    """

    def __init__(
        self,
        client: Client,
        *,
        event: str = "Failure Logged",
        level: int = logging.ERROR,
        per_minute: int = 60,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if per_minute < 1:
            raise ValueError(f"per_minute must be 1 or more, not {per_minute}")
        super().__init__(level)
        self._client = client
        self._event = event
        self._allowed = _Allowance(per_minute, clock)
        self._calling = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Send the event; `before_send` and what it calls may log, and that makes no further one."""
        around = current_context()
        is_ours = record.name.partition(".")[0] == "waywiser"
        if is_ours or not (around.user_id or around.anonymous_id) or getattr(self._calling, "is_on", False):
            return
        self._calling.is_on = True
        try:
            suppressed = self._allowed.take()
            if suppressed is not None:
                more = {"suppressed": suppressed} if suppressed else {}
                self._client.track(self._event, properties={**_described(record), **more})
        except Exception:
            self.handleError(record)
        finally:
            self._calling.is_on = False


class _Allowance:
    """So many in each minute; counts what came above it.

    It has no lock of its own: the handler's is held, which `logging` makes anew in a forked child.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._began = clock()
        self._taken = self._refused = 0

    def take(self) -> int | None:
        """How many were refused since the last one that was not; None if this one is."""
        if self._clock() - self._began >= MINUTE:
            self._began, self._taken = self._clock(), 0
        if self._taken >= self._per_minute:
            self._refused += 1
            return None
        self._taken += 1
        refused, self._refused = self._refused, 0
        return refused


def _described(record: logging.LogRecord) -> dict[str, Any]:
    described: dict[str, Any] = {"logger": record.name, "level": record.levelname}
    kind, _, trace = record.exc_info or (None, None, None)
    if kind is not None:
        described["exception"] = kind.__qualname__
    return {**described, **(_raised(trace) if trace else _logged(record))}


def _raised(trace: TracebackType) -> dict[str, Any]:
    while trace.tb_next is not None:
        trace = trace.tb_next
    frame = trace.tb_frame
    module = str(frame.f_globals.get("__name__", ""))
    return {"module": module, "function": frame.f_code.co_name, "line": trace.tb_lineno}


def _logged(record: logging.LogRecord) -> dict[str, Any]:
    return {"module": record.module, "function": record.funcName, "line": record.lineno}
