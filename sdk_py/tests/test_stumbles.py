"""A collector, or what stands before it, that fails on something: nothing is lost that need not be."""

from __future__ import annotations

import gzip
import json
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sink import Answer, Make, Sink

from waywiser import (
    Client,
    Drop,
    DropReason,
    MemoryTransport,
    Request,
    Response,
    _breaker,
    _courier,
    _sockets,
)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_breaker, "FIRST_BACKOFF", 0.001)
    monkeypatch.setattr(_breaker, "MAX_BACKOFF", 0.001)


class Picky(MemoryTransport):
    """Answers in its own way to batches with a message named Poison, or with more messages than it likes."""

    def __init__(self, answer: Response, most: int = 10**6) -> None:
        super().__init__()
        self._answer = answer
        self._most = most
        self.refused: list[list[str]] = []

    def send(self, request: Request) -> Response:
        other = MemoryTransport()
        response = other.send(request)
        names = [message["event"] for message in other.messages]
        if "Poison" in names or len(names) > self._most:
            self.refused.append(names)
            return self._answer
        self.requests.extend(other.requests)
        return response


def test_one_stumble_after_a_long_outage_costs_nothing(make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(503)] * 12 + [Answer(500)])
    client = make()
    client.track("A", user_id="1")
    assert client.flush(20)
    assert (client.stats().sent, client.stats().dropped) == (1, {})


def test_many_flushes_neither_hammer_the_collector_nor_use_up_the_tries(
    make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_breaker, "FIRST_BACKOFF", 60.0)
    monkeypatch.setattr(_breaker, "MAX_BACKOFF", 60.0)
    monkeypatch.setattr(_breaker, "chance", lambda: 1.0)
    sink.answers.extend([Answer(500, b"")] * 50)
    client = make(timeout=5)
    client.track("A", user_id="1")
    start = time.monotonic()
    for _ in range(12):
        client.flush(0.05)
    assert len(sink.requests) <= 1 + (time.monotonic() - start) / _breaker.HURRIED_SECONDS
    assert client.stats().dropped == {}


@pytest.mark.parametrize(
    "answer",
    [Response(500), Response(403, {}, b"<html>blocked"), Response(404), Response(413, {}, b"<html>")],
    ids=str,
)
def test_of_a_batch_with_one_message_that_is_not_borne_only_that_one_is_given_up(answer: Response) -> None:
    picky = Picky(answer)
    drops: list[Drop] = []
    client = Client("key-1", transport=picky, on_drop=drops.append, flush_interval=60)
    for number in range(50):
        client.track("Poison" if number == 20 else f"E{number}", user_id="1")
    assert client.flush(20)
    assert sorted(message["event"] for message in picky.messages) == sorted(
        f"E{number}" for number in range(50) if number != 20
    )
    assert [(drop.reason, drop.message["event"]) for drop in drops] == [(DropReason.GAVE_UP, "Poison")]
    assert client.stats().dropped == {"gave_up": 1}
    client.close()


@pytest.mark.parametrize("body", [b"<html>too large", b'{"code": "batch_too_large", "message": ""}'])
def test_a_batch_that_is_too_large_is_sent_in_pieces(body: bytes) -> None:
    picky = Picky(Response(413, {}, body), most=7)
    client = Client("key-1", transport=picky, flush_interval=60)
    for number in range(50):
        client.track(f"E{number}", user_id="1")
    assert client.flush(20)
    assert [message["event"] for message in picky.messages] == [f"E{number}" for number in range(50)]
    assert client.close().lost == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 451])
def test_a_refusal_that_is_not_the_collectors_costs_nothing(status: int, make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(status, b"<html>not here</html>")] * 4)
    client = make()
    client.track("A", user_id="1")
    assert client.flush(20)
    assert client.close().sent == 1


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "accepted": 1, "rejected": []},
        {"success": True, "accepted": 0, "rejected": [{"index": 0, "code": "x"}]},
    ],
)
def test_an_answer_that_does_not_add_up_is_not_believed(body: dict[str, Any], make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(200, body))
    client = make()
    for _ in range(3):
        client.track("A", user_id="1")
    assert client.flush(20)
    assert len(sink.messages) == 6
    assert client.stats().sent == 3


def test_a_collector_that_fails_on_everything_costs_nothing(make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(500)] * 60)
    client = make()
    for number in range(4):
        client.track(f"E{number}", user_id="1")
    assert client.flush(20)
    assert (client.stats().sent, client.stats().dropped) == (4, {})


def test_what_is_given_up_goes_to_the_spool_if_there_is_one(
    make: Make, sink: Sink, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_breaker, "OPEN_AFTER", 1000)
    sink.answers.extend([Answer(500)] * _courier.MAX_STUMBLES + [Answer(), Answer(500)])
    client = make(spool_dir=tmp_path)
    client.track("A", user_id="1")
    assert client.flush(0) is False
    assert sink.arrived.acquire(timeout=30)
    client.track("B", user_id="1")
    assert client.flush(20)
    assert (client.stats().sent, client.stats().spooled) == (1, 1)
    assert client.close(10).sent == 2
    assert json.dumps(client.stats().dropped) == "{}"


class Hasty(BaseHTTPRequestHandler):
    """A proxy that refuses what is too large before it has read it, and hangs up."""

    most = 100_000

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.close_connection = True
        if length > self.most:
            self.send_response(413)
            self.end_headers()
            return
        body = self.rfile.read(length)
        is_packed = self.headers["Content-Encoding"] == "gzip"
        count = len(json.loads(gzip.decompress(body) if is_packed else body)["batch"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"success": True, "accepted": count, "rejected": []}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def test_an_answer_that_comes_before_all_is_sent_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = _sockets.connect

    def narrow(*given: Any) -> socket.socket:
        opened = connect(*given)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        return opened

    monkeypatch.setattr(_sockets, "connect", narrow)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hasty)
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    client = Client("key-1", f"http://127.0.0.1:{server.server_port}", flush_interval=60, timeout=30)
    for _ in range(64):
        client.track("A", user_id="1", properties={"text": os.urandom(14_000).hex()})
    assert client.flush(30)
    assert client.close().sent == 64
    server.shutdown()
    server.server_close()
