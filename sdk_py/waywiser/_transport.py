"""The seam to the outside world: how one request is carried to the collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Request:
    """One POST to carry; `timeout` is in seconds. Headers and body stay out of `repr`: they hold secrets.

    A collector's answer has at most `max_answer` bytes; no more than that needs to be read.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeout: float
    max_answer: int = 1024 * 1024


@dataclass(frozen=True)
class Response:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@runtime_checkable
class Transport(Protocol):
    """Carries requests. The client calls both methods from one thread at a time."""

    def send(self, request: Request) -> Response:
        """Carry the request and return the answer, whatever its status.

        Raise `ConnectionFailed` when there is none; the batch is then sent again later.
        """

    def close(self) -> None:
        """Give back connections. `send` may be called again afterwards, for example in a forked child."""
