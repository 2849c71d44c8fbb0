"""Behind slow clients the door stays responsive: whatever they hold open, others are answered."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from server.gateway import answer_of
from server.line import BODY_BYTES, HELD_BYTES, SMALL, Line, NotRead, Room
from tests.installation import Installation, eventually

SLOW = 200
SENDING_S = 15  # the server waits for 20 s for the rest of a request
HEAD = b"POST /v1/track HTTP/1.1\r\nHost: shop.example\r\n"
GET_SNIPPET = b"GET /w.js HTTP/1.1\r\nHost: shop.example\r\n\r\n"
HANGING = [
    ("send nothing", b""),
    ("stop in the head", HEAD[:30]),
    ("stop in the body", HEAD + b"Content-Length: 100\r\n\r\n{"),
    ("stop in a large body", HEAD + b"Content-Length: 4000000\r\n\r\n" + b"[" * 100_000),
    ("stop in a chunk", HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\n{"),
    ("never read their answers", GET_SNIPPET * 2_000),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A collector that runs."""
    place = Installation(tmp_path_factory.mktemp("slow"))
    place.init()
    place.start("collector")
    yield place
    place.stop()


def hang(port: int, sends: bytes) -> socket.socket:
    """A connection that sent this much and will neither send nor read any more."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", port))
    line.setblocking(False)
    with suppress(BlockingIOError):
        while sends:
            sends = sends[line.send(sends) :]
    return line


def statuses(place: Installation, count: int = 20) -> set[int]:
    """The statuses of as many ordinary requests."""
    event = {"anonymousId": "a", "event": "Looked"}
    return {place.send("/v1/track", event)[0] for _ in range(count)}


@pytest.mark.slow
@pytest.mark.parametrize(("they", "sends"), HANGING, ids=[they for they, _ in HANGING])
def test_others_are_answered_while_many_clients(shop: Installation, they: str, sends: bytes) -> None:
    begun = time.monotonic()
    with ExitStack() as held:
        lines = [held.enter_context(hang(shop.port, sends)) for _ in range(SLOW)]
        assert statuses(shop) == {200}
        if they != "never read their answers" and time.monotonic() - begun < SENDING_S:
            for line in lines:
                with pytest.raises(BlockingIOError):  # it is still open, and nothing came
                    line.recv(1)


@pytest.mark.slow
def test_others_are_answered_while_more_clients_keep_connections_open_than_usual_servers_allow(
    shop: Installation,
) -> None:
    with ExitStack() as held:
        for _ in range(1_500):
            line = held.enter_context(socket.create_connection(("127.0.0.1", shop.port), timeout=30))
            line.sendall(GET_SNIPPET)
            assert line.recv(12) == b"HTTP/1.1 200"
        assert statuses(shop) == {200}


Parts = Callable[[], AsyncIterator[bytes]]


class Protocol:
    """What granian hands over for one request: a body that comes in parts, and a place for the answer."""

    def __init__(self, parts: list[bytes], *, ends: bool = True, breaks: bool = False) -> None:
        self._parts = [*parts, *([b""] * (1 + breaks) if ends else [])]
        self._ends = ends
        self.answer: tuple[int, dict[str, str], bytes] | None = None

    async def __call__(self) -> bytes:
        return b"".join([part async for part in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        if not self._ends:
            await asyncio.Event().wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answer = status, dict(headers), body


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


def served(
    *several: tuple[dict[str, str], Protocol], app: Any = echo, front: Any = None, patience: float = 30
) -> list[Any]:
    """The answers of a line to requests that come at the same time, in order.

    `patience` is for what comes; how long it takes to read what is there says how busy the machine is.
    """

    async def all_at_once() -> None:
        line = Line(app, threads=1, front=front, patience=patience)
        line.__rsgi_init__(asyncio.get_running_loop())
        await asyncio.gather(*(line.__rsgi__(scope(headers), protocol) for headers, protocol in several))

    def scope(headers: dict[str, str]) -> Any:
        return SimpleNamespace(
            http_version="1.1",
            server="127.0.0.1:80",
            client="[::1]:4711",
            scheme="http",
            method=headers.get("method", "POST"),
            path="/é",
            query_string="a=b",
            headers=headers,
        )

    with ThreadPoolExecutor(1) as pool:  # the main thread may have a loop already, which drives a browser
        pool.submit(asyncio.run, all_at_once()).result()
    return [protocol.answer for _, protocol in several]


def length(size: int) -> dict[str, str]:
    return {"content-length": str(size)}


CHUNKED = {"transfer-encoding": "chunked"}


@pytest.mark.parametrize(
    ("headers", "protocol", "status", "body"),
    [
        (length(3), Protocol([b"abc"]), 200, b"abc"),
        (length(0), Protocol([], ends=False), 200, b""),
        ({}, Protocol([], ends=False), 200, b""),
        (CHUNKED, Protocol([b"a", b"bc"]), 200, b"abc"),
        (length(SMALL + 1), Protocol([b"a" * SMALL, b"b"]), 200, b"a" * SMALL + b"b"),
        (length(BODY_BYTES + 1), Protocol([], ends=False), 200, b""),
        (CHUNKED, Protocol([b"a" * BODY_BYTES, b"b"], ends=False), 200, b"a" * BODY_BYTES + b"b"),
        (length(3), Protocol([b"ab"], ends=False), 408, "body_timeout"),
        (length(SMALL + 1), Protocol([b"a"], ends=False), 408, "body_timeout"),
        (CHUNKED, Protocol([b"ab"], ends=False), 408, "body_timeout"),
        (CHUNKED, Protocol([b"ab"], breaks=True), 400, "incomplete_body"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_is_whole_or_too_large_or_refused(
    headers: dict[str, str], protocol: Protocol, status: int, body: bytes | str
) -> None:
    [(given, answered, content)] = served((headers, protocol), patience=0.1 if status == 408 else 30)
    assert given == status
    if isinstance(body, bytes):
        assert content == body
    else:
        assert json.loads(content)["code"] == body
        assert answered["Connection"] == "close"


def test_large_bodies_that_do_not_end_are_limited_all_together_and_small_ones_come_through() -> None:
    hoarders = [
        (length(BODY_BYTES), Protocol([b"x" * (BODY_BYTES - 1)], ends=False))
        for _ in range(HELD_BYTES // BODY_BYTES + 3)
    ]
    answers = served(*hoarders, (length(2), Protocol([b"ok"])), patience=10)
    found = [status for status, _, _ in answers]
    assert found.count(503) == 3
    assert found.count(408) == len(hoarders) - 3
    assert answers[-1][0] == 200


def test_what_fails_is_answered_by_the_server_and_the_thread_lives(caplog: pytest.LogCaptureFixture) -> None:
    threads = set()

    def fails_once(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        threads.add(threading.get_ident())
        body = environ["wsgi.input"].read()
        if body == b"fail":
            raise ValueError("on purpose")
        start("200 OK", [])
        return [body, environ["PATH_INFO"].encode("latin-1"), environ["REMOTE_ADDR"].encode()]

    failed, fine = served((length(4), Protocol([b"fail"])), (length(2), Protocol([b"ok"])), app=fails_once)
    assert failed is None
    assert "on purpose" in caplog.text
    assert fine[2] == "ok/é::1".encode()
    assert len(threads) == 1


def test_bodies_count_until_they_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.line.HELD_BYTES", 3 * BODY_BYTES)
    refused = threading.Semaphore(0)

    class Refusable(Protocol):
        def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            super().response_bytes(status, headers, body)
            if status == 503:
                refused.release()

    def waits(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        assert refused.acquire(timeout=30)
        refused.release()
        return echo(environ, start)

    senders = [(length(BODY_BYTES), Refusable([b"x" * BODY_BYTES])) for _ in range(5)]
    answers = served(*senders, app=waits)
    assert sorted(status for status, _, _ in answers) == [200, 200, 200, 503, 503]
    assert {json.loads(body)["code"] for status, _, body in answers if status == 503} == {"busy"}
    assert {headers["Retry-After"] for status, headers, _ in answers if status == 503} == {"5"}


def test_what_was_held_is_given_back() -> None:
    room = Room(10)
    for _ in range(3):
        with room.place() as add:
            add(5)
            add(5)
        with pytest.raises(NotRead), room.place() as add:
            add(11)


def test_who_fetches_does_not_wait_behind_who_sends() -> None:
    fetched = threading.Event()

    def waits(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            fetched.set()
        assert fetched.wait(timeout=30)
        return echo(environ, start)

    answers = served((length(2), Protocol([b"ok"])), ({"method": "GET"}, Protocol([])), app=waits)
    assert [status for status, _, _ in answers] == [200, 200]


class Disk:
    """A front that begins every request, and whose disk is done when it is told."""

    def __init__(self) -> None:
        self.receipts: list[Future[None]] = []

    def begin(self, environ: dict[str, Any]) -> SimpleNamespace:
        receipt: Future[None] = Future()
        self.receipts.append(receipt)
        return SimpleNamespace(receipt=receipt, answer=lambda: answer_of(echo, environ))

    def refuse(self, _environ: dict[str, Any], status: int, code: str, _message: str) -> Any:
        return status, [("X-Front", "yes")], code.encode()


def test_an_answer_goes_out_when_its_receipt_is_done() -> None:
    disk, answered_before = Disk(), []
    requests = [(length(2), Protocol([b"%02d" % n])) for n in range(20)]

    def commit() -> None:
        eventually(lambda: len(disk.receipts), lambda n: n == len(requests))
        answered_before.extend(protocol.answer for _, protocol in requests)
        for receipt in disk.receipts[::2]:
            receipt.set_exception(OSError("disk"))
        for receipt in disk.receipts[1::2]:
            receipt.set_result(None)

    committing = threading.Thread(target=commit)
    committing.start()
    answers = served(*requests, front=disk, app=None)
    committing.join()
    assert answered_before == [None] * len(requests)
    assert [(status, body) for status, _, body in answers] == [(200, b"%02d" % n) for n in range(20)]


def test_the_front_says_how_a_body_that_could_not_be_read_is_refused() -> None:
    [(status, headers, body)] = served((length(3), Protocol([b"ab"], ends=False)), front=Disk(), patience=0.1)
    assert (status, headers, body) == (408, {"X-Front": "yes", "Connection": "close"}, b"body_timeout")
