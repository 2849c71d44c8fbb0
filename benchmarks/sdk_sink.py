"""A collector that only counts: it takes what any of the libraries sends, and fails as it is told to.

Each event carries a number in its name, `ww-17-ev`; which numbers were accepted, and how often, is asked for
at `/counts`. Run as `python -m benchmarks.sdk_sink '{"kind": "outage", "seconds": 10}' PORT`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any, NamedTuple

import msgspec
import uvloop

NUMBER = re.compile(rb"ww-(\d+)-ev")
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
GZIP = b"\x1f\x8b"


class Answer(NamedTuple):
    """What is said to one request, after so many seconds; nothing at all where the connection is cut."""

    status: int = 200
    body: dict[str, Any] | None = None
    headers: str = ""
    after: float = 0.0
    is_cut: bool = False


GOOD = {"success": True, "rejected": [], "status": 1}


class Sink:
    """Accepts everything. Bodies are looked into when somebody asks, so that it costs the senders nothing."""

    def __init__(self, after: float = 0.0) -> None:
        self._after = after
        self._bodies: list[bytes] = []
        self.requests = self.failed = 0

    def take(self, body: bytes) -> Answer:
        """Accept a request, or not."""
        self._bodies.append(body)
        return Answer(body=GOOD, after=self._after)

    def counts(self) -> dict[str, Any]:
        """The numbers of the events that were accepted once, and those of more copies."""
        seen = Counter(number for body in self._bodies for number in numbers(body))
        return {
            "once": [number for number, n in seen.items() if n == 1],
            "more": [number for number, n in seen.items() if n > 1],
            "requests": self.requests,
            "failed": self.failed,
        }


class Outage(Sink):
    """Answers 503 from the first request on, for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._until = 0.0

    def take(self, body: bytes) -> Answer:
        """Refuse while it lasts."""
        self._until = self._until or time.monotonic() + self._seconds
        if time.monotonic() < self._until:
            self.failed += 1
            message = {"success": False, "code": "unavailable", "message": "not now"}
            return Answer(503, message)
        return super().take(body)


class Moody(Sink):
    """Fails at random, always alike for the same seed, and counts exactly: for what runs long.

    What is accepted and then cut off is sent again with the same ids, as every collector has to expect.
    """

    def __init__(self, seed: int, events: int) -> None:
        super().__init__()
        self._chance = Random(seed)
        self._accepted = bytearray(events)
        self._refused = bytearray(events)
        self._copies = 0
        self.kinds: Counter[str] = Counter()

    def take(self, body: bytes) -> Answer:
        """Throw the dice."""
        throw = self._chance.random()
        for share, name in MOODS:
            throw -= share
            if throw < 0:
                self.kinds[name] += 1
                return self._failed(name, body)
        self.kinds["accepted"] += 1
        return self._accept(body)

    def _failed(self, name: str, body: bytes) -> Answer:
        after = self._chance.uniform(0.05, 0.3)
        match name:
            case "500" | "503" | "429":
                header = "" if name == "500" else "Retry-After: 1\r\n"
                said = {"success": False, "code": "unavailable", "message": "not now"}
                return Answer(int(name), said, header)
            case "cut before":
                return Answer(is_cut=True)
            case "cut after":
                self._accept(body)
                return Answer(is_cut=True)
            case "slow":
                return self._accept(body)._replace(after=after)
        return self._accept(body, refuse=0.02)

    def _accept(self, body: bytes, refuse: float = 0.0) -> Answer:
        rejected, accepted = [], 0
        for index, number in enumerate(numbers(body)):
            # An event is refused once and for all: whoever sends it again hears the same.
            if self._refused[number] or (refuse and not self._accepted[number] and self._throw(refuse)):
                self._refused[number] = 1
                rejected.append({"index": index, "code": "bad_type", "field": "", "message": "no"})
                continue
            accepted += 1
            self._copies += self._accepted[number]
            self._accepted[number] = 1
        if rejected and not accepted:
            return Answer(
                400, {"success": False, "code": "all_rejected", "message": "no", "rejected": rejected}
            )
        return Answer(body={"success": True, "accepted": accepted, "rejected": rejected})

    def _throw(self, share: float) -> bool:
        return self._chance.random() < share

    def counts(self) -> dict[str, Any]:
        """How many events were accepted and refused, and how many copies of accepted ones came."""
        return {
            "accepted": sum(self._accepted),
            "refused": sum(self._refused),
            "copies": self._copies,
            "requests": self.requests,
            "kinds": dict(self.kinds),
        }


# Shares of the requests that fail, and how.
MOODS = (
    (0.08, "500"),
    (0.04, "503"),
    (0.03, "429"),
    (0.08, "cut before"),
    (0.05, "cut after"),
    (0.10, "slow"),
    (0.15, "refuses some"),
)
KINDS = {"good": Sink, "outage": Outage, "moody": Moody}


def numbers(body: bytes) -> Iterable[int]:
    """The numbers of the events in a body, whatever its form."""
    if body.startswith(GZIP):
        body = zlib.decompress(body, 31)
    return map(int, NUMBER.findall(body))


class Line(asyncio.Protocol):
    """One connection: a request after the other."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        self._held += data
        while (at := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:at]
            length = LENGTH.search(head)
            end = at + 4 + (int(length[1]) if length else 0)
            if len(self._held) < end:
                return
            body, self._held = self._held[at + 4 : end], self._held[end:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /counts"):
            return self._say(Answer(body=self._sink.counts()))
        if head.startswith(b"GET"):
            return self._say(Answer(body=GOOD))
        self._sink.requests += 1
        answer = self._sink.take(body)
        if answer.after:
            asyncio.get_running_loop().call_later(answer.after, self._say, answer)
        else:
            self._say(answer)
        return None

    def _say(self, answer: Answer) -> None:
        if self._transport.is_closing():  # the sender has given up waiting
            return None
        if answer.is_cut:
            return self._transport.abort()  # type: ignore[no-any-return]
        body = msgspec.json.encode(answer.body)
        head = (
            f"HTTP/1.1 {answer.status} x\r\nContent-Type: application/json\r\n{answer.headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)
        return None


def made(behaviour: dict[str, Any]) -> Sink:
    """The sink that behaves so."""
    return KINDS[behaviour.pop("kind")](**behaviour)


async def serve(sink: Sink, port: int) -> None:
    """Serve until killed; the first line of output is the port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Line(sink), "127.0.0.1", port, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(made(json.loads(sys.argv[1])), int(sys.argv[2])))
