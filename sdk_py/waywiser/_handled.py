"""The event that an integration may send for each request: what was asked for and how it went, no more."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from ._client import Client
from ._context import current_context

MAX_ROUTE = 300


class Handled:
    """Sends one event of this name for each request of a known visitor; without a name, none.

    The route is a template such as `/orders/<id>`. Paths, query strings and bodies are never sent.
    """

    def __init__(self, client: Client | None, event: str | None) -> None:
        if event is not None and client is None:
            raise ValueError("events of requests need a client")
        self._client = client
        self._event = event

    @property
    def is_on(self) -> bool:
        """Whether there are events to send."""
        return self._client is not None and self._event is not None

    def begin(self) -> float:
        """The moment to hand to `finish`."""
        return time.monotonic()

    def finish(self, began: float, method: str, route: str | None, status: int) -> None:
        """Send the event of a request that has ended; inside the context of that request."""
        around = current_context()
        if self._client is None or self._event is None or not (around.user_id or around.anonymous_id):
            return
        properties: dict[str, Any] = {
            "method": method,
            "status": status,
            "duration_ms": round((time.monotonic() - began) * 1000, 1),
        }
        if route:
            properties["route"] = route[:MAX_ROUTE]
        with suppress(Exception):
            self._client.track(self._event, properties=properties)
