"""A real HTTP server that stands in for the collector, and the types of what `conftest.py` hands to tests."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import CompletedProcess
from typing import Any, Callable

from waywiser import Client

Make = Callable[..., Client]
Run = Callable[[str], CompletedProcess[str]]


@dataclass(frozen=True)
class Answer:
    """What the sink says to one request; without a body, what a collector that accepts everything says.

    One that waits is said after so many seconds, one that hangs when the sink is released, one that breaks
    never; one that drips is said byte by byte, with so many seconds between them.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    drips: float = 0.0
    waits: float = 0.0
    breaks: bool = False


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    at: float
    port: int

    @property
    def body(self) -> dict[str, Any]:
        text = gzip.decompress(self.raw) if self.headers.get("content-encoding") == "gzip" else self.raw
        body: dict[str, Any] = json.loads(text)
        return body

    @property
    def batch(self) -> list[dict[str, Any]]:
        batch: list[dict[str, Any]] = self.body["batch"]
        return batch


class Sink:
    """Serves until closed; `answers` are used up one for each request, then everything is accepted."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.answers: deque[Answer] = deque()
        self.connections: list[socket.socket] = []
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        if tls:
            # The handshake is left to the thread of the connection, so that a bad one holds up nobody.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for request in list(self.requests) for message in request.batch]

    @property
    def batches(self) -> list[Received]:
        """The requests that brought messages."""
        return [request for request in list(self.requests) if request.batch]

    @property
    def events(self) -> list[str]:
        return [message["event"] for message in self.messages]

    def drop_connections(self, is_polite: bool = False) -> None:
        """Close what clients keep open, as a server does with idle ones; a polite one ends TLS before."""
        for each in list(self.connections):
            with suppress(OSError):
                if is_polite and isinstance(each, ssl.SSLSocket):
                    each.settimeout(0.1)
                    each.unwrap()
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


def _handler(sink: Sink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            sink.connections.append(self.connection)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            raw = self.rfile.read(length)
            if len(raw) < length:
                self.close_connection = True
                return  # Hung up in the middle: no request.
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.path, headers, raw, time.monotonic(), self.client_address[1])
            answer = sink.answers.popleft() if sink.answers else Answer()
            sink.requests.append(request)
            sink.arrived.release()
            if answer.hangs:
                sink.released.wait()
            sink.released.wait(answer.waits)
            if answer.breaks:
                self.close_connection = True
                return
            with suppress(OSError):
                self._say(answer, len(request.batch))

        def _say(self, answer: Answer, count: int) -> None:
            accepted = {"success": True, "accepted": count, "rejected": []}
            body = accepted if answer.body is None else answer.body
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            for place in range(len(text) if answer.drips else 0):
                self.wfile.write(text[place : place + 1])
                sink.released.wait(answer.drips)
            if not answer.drips:
                self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
