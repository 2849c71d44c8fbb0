"""A transport for tests: keeps what a client sends instead of sending it."""

from __future__ import annotations

import json
import zlib
from typing import Any

from ._envelope import GZIP_FORMAT
from ._transport import Request, Response


class MemoryTransport:
    """Accepts everything and keeps it, for the tests of your own code.

    After `client.flush()`, `messages` holds all messages as dictionaries, in the order of the calls.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every message sent so far, decoded."""
        return [message for request in list(self.requests) for message in _batch(request)]

    def clear(self) -> None:
        """Forget what was sent so far."""
        self.requests.clear()

    def send(self, request: Request) -> Response:
        """Keep the request and answer as a collector that accepts every message."""
        self.requests.append(request)
        answer = {"success": True, "accepted": len(_batch(request)), "rejected": []}
        return Response(200, {"content-type": "application/json"}, json.dumps(answer).encode())

    def close(self) -> None:
        """Nothing to give back; what was sent can still be read."""


def _batch(request: Request) -> list[dict[str, Any]]:
    is_packed = request.headers.get("Content-Encoding") == "gzip"
    body = zlib.decompress(request.body, GZIP_FORMAT) if is_packed else request.body
    batch: list[dict[str, Any]] = json.loads(body)["batch"]
    return batch
