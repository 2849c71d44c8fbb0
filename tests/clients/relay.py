"""A relay between a client library and the collector: it keeps what is sent and spoils first answers."""

from __future__ import annotations

import gzip
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

# What happens to the first request with a message; every later one passes. The last two are kept all the
# same: the collector has the events, but the client cannot know it.
FAULTS = ("passed", "refused", "limited", "answer_lost", "cut_off")
CUT_OFF = 0  # instead of a status: the connection ends without an answer
OWN_TO_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}

Headers = dict[str, str]
Answer = tuple[int, Headers, bytes]


@dataclass(frozen=True)
class Capture:
    """One request as it came, and the status that the client was told, or CUT_OFF."""

    method: str
    path: str
    headers: Headers
    raw: bytes
    status: int

    @property
    def body(self) -> dict[str, Any]:
        """What the request says, unpacked."""
        return dict(json.loads(gzip.decompress(self.raw) if self.raw[:2] == b"\x1f\x8b" else self.raw))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The events in the request; reports of a library about itself are none."""
        if self.method != "POST" or urlsplit(self.path).path == "/v1/m":
            return []
        body = self.body
        return list(body["batch"]) if "batch" in body else [body]


@dataclass
class Relay:
    """Stands where the client believes the collector to be; spoils nothing if `fault` is not in FAULTS."""

    collector: str
    fault: str = "passed"
    captures: list[Capture] = field(default_factory=list)
    address: str = ""
    _met: set[str] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def delivered(self) -> set[str]:
        """The ids of the messages that the client knows to be kept."""
        return {
            one["messageId"] for capture in self.posts if capture.status == 200 for one in capture.messages
        }

    @property
    def attempts(self) -> Counter[str]:
        """How often each message was sent."""
        return Counter(one["messageId"] for capture in self.posts for one in capture.messages)

    @property
    def posts(self) -> list[Capture]:
        """The requests that carry events, in their order."""
        return [capture for capture in list(self.captures) if capture.messages]

    def answer(self, method: str, path: str, headers: Headers, raw: bytes) -> Answer:
        """What the client is told: the collector's own words, unless this request is to meet the fault."""
        is_first = self._is_first(Capture(method, path, headers, raw, 0))
        if is_first and self.fault == "limited":
            told = refusal(429, "rate_limited", headers, {"Retry-After": "1"})
        elif is_first and self.fault == "refused":
            told = refusal(500, "internal_error", headers)
        else:
            told = self._forwarded(method, path, headers, raw)
            if is_first and self.fault in ("answer_lost", "cut_off"):
                assert told[0] == 200, told
                told = refusal(500, "internal_error", headers)
                told = told if self.fault == "answer_lost" else (CUT_OFF, {}, b"")
        self.captures.append(Capture(method, path, headers, raw, told[0]))
        return told

    def _is_first(self, capture: Capture) -> bool:
        ids = {one["messageId"] for one in capture.messages}
        with self._guard:
            is_first = bool(ids - self._met)
            self._met |= ids
        return is_first

    def _forwarded(self, method: str, path: str, headers: Headers, raw: bytes) -> Answer:
        connection = HTTPConnection(urlsplit(self.collector).netloc, timeout=120)
        try:
            connection.request(method, path, raw or None, headers)
            answer = connection.getresponse()
            return answer.status, passed_on(dict(answer.getheaders())), answer.read()
        finally:
            connection.close()


def refusal(status: int, code: str, asked: Headers, more: Headers | None = None) -> Answer:
    """A refusal in the collector's form, which a page of another origin may read."""
    body = json.dumps({"success": False, "code": code, "message": "not now"}).encode()
    headers = {"Content-Type": "application/json", **(more or {})}
    origin = next((value for name, value in asked.items() if name.lower() == "origin"), None)
    if origin:
        headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "Retry-After",
        }
    return status, headers, body


def passed_on(headers: Headers) -> Headers:
    """The headers that belong to the message, not to one connection."""
    return {name: value for name, value in headers.items() if name.lower() not in OWN_TO_A_CONNECTION}


@contextmanager
def relayed(collector: str, fault: str = "passed") -> Iterator[Relay]:
    """A relay in front of a collector, on a port of its own."""
    relay = Relay(collector, fault)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = relay.answer(
                self.command, self.path, passed_on(dict(self.headers.items())), raw
            )
            if status == CUT_OFF:
                self.close_connection = True
                return
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_OPTIONS = pass_on  # noqa: N815 - the names that the standard library calls

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    relay.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
