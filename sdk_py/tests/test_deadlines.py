"""Every wait ends when it was promised to, and lasts as long as it was asked to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from patience import eventually
from sink import Answer, Make, Sink

from waywiser import Client, ConnectionFailed, HttpTransport, Request, Response, _breaker, _sockets
from waywiser._verdict import TryAgain, judge


@pytest.mark.parametrize("answer", [Answer(drips=0.2), Answer(hangs=True)], ids=["drips", "hangs"])
def test_a_request_keeps_its_timeout_as_a_whole(answer: Answer, sink: Sink) -> None:
    sink.answers.append(answer)
    start = time.monotonic()
    with pytest.raises(ConnectionFailed, match="timed out"):
        HttpTransport().send(Request(sink.url + "/v1/batch", {}, b'{"batch":[]}', 0.5))
    assert 0.5 <= time.monotonic() - start < 30


def test_a_request_that_is_repeated_on_a_new_connection_keeps_its_timeout(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = HttpTransport()
    request = Request(sink.url + "/v1/batch", {}, b'{"batch":[]}', 8.0)
    given: list[float] = []
    given_by = _sockets.Deadline.set

    def give(self: _sockets.Deadline, seconds: float) -> None:
        given.append(seconds)
        given_by(self, seconds)

    monkeypatch.setattr(_sockets.Deadline, "set", give)
    transport.send(request)
    sink.answers.extend([Answer(breaks=True), Answer(hangs=True)])
    with pytest.raises(ConnectionFailed, match="timed out"):
        transport.send(request)
    assert given == [8.0, 8.0], "one for each call, none for the repetition"
    assert len(sink.requests) == 3
    transport.close()


def test_a_name_that_does_not_resolve_in_time_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(30))
    start = time.monotonic()
    with Client("key-1", "http://collector.example.com", sync=True, timeout=0.3) as client:
        assert client.track("A", user_id="1") is False
        assert client.close(0.3).lost == 1
    assert time.monotonic() - start < 10
    is_over.set()


def test_a_resolver_that_raises_anything_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise UnicodeError("label too long")

    monkeypatch.setattr(socket, "getaddrinfo", broken)
    with pytest.raises(ConnectionFailed, match="label too long"):
        HttpTransport().send(Request("http://collector.example.com/v1/batch", {}, b"{}", 5))


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """An address that answers to no attempt to connect: its queue is full."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        yield listening.getsockname()


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    silent: tuple[str, int], sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(sink.url.rpartition(":")[2])
    family, kind = socket.AF_INET, socket.SOCK_STREAM
    found = [(family, kind, 0, "", silent), (family, kind, 0, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    request = Request(f"http://collector.example.com:{port}/v1/batch", {}, b'{"batch":[]}', 6.0)
    transport = HttpTransport()
    assert transport.send(request).status == 200
    transport.close()


def test_an_address_of_a_kind_that_the_system_does_not_know_is_passed_over(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(sink.url.rpartition(":")[2])
    kind = socket.SOCK_STREAM
    found = [(1000, kind, 0, "", ("", 0)), (socket.AF_INET, kind, 0, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    request = Request(f"http://collector.example.com:{port}/v1/batch", {}, b'{"batch":[]}', 30.0)
    transport = HttpTransport()
    assert transport.send(request).status == 200
    transport.close()


def test_a_connection_that_the_server_closes_after_each_answer_is_opened_anew(make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(headers={"Connection": "close"})] * 3)
    errors: list[object] = []
    client = make(on_error=errors.append)
    for _ in range(3):
        client.track("A", user_id="1")
        assert client.flush()
    assert errors == []
    assert len({request.port for request in sink.requests}) == 3


@pytest.mark.parametrize("seconds", [10**400, float("inf"), 1e300])
def test_a_timeout_beyond_all_measure_is_as_good_as_a_long_one(seconds: float, make: Make) -> None:
    client = make()
    client.track("A", user_id="1")
    assert client.flush(seconds) is True
    assert client.close(seconds).sent == 1


def test_a_close_leaves_time_for_another_try(make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_breaker, "backoff", lambda attempt, chance: 600.0)
    sink.answers.append(Answer(503))
    client = make(flush_at=1)
    client.track("A", user_id="1")
    assert eventually(lambda: client._delivery.breaker.failures == 1)
    assert client.close(60).sent == 1


def test_a_close_does_not_wait_for_a_try_that_may_not_come(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(503, headers={"Retry-After": "600"}))
    client = make()
    client.track("A", user_id="1")
    start = time.monotonic()
    assert client.close(60).lost == 1
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (120, 100, 121),
        (-120, 0, 0),
        (1e6, 3600, 3600),
        ("Sun, 99 Nov 2994 08:49:37 GMT", 0, 0),
        ("Sun, 06 Now 2994 08:49:37 GMT", 0, 0),
        ("9" * 5000, 3600, 3600),
    ],
)
def test_retry_after_may_be_a_date(value: float | str, least: float, most: float) -> None:
    if not isinstance(value, str):
        value = formatdate(time.time() + value, usegmt=True)
    verdict = judge(Response(503, {"retry-after": value}), 1)
    assert isinstance(verdict, TryAgain)
    assert least <= verdict.not_before <= most


def test_whoever_closes_with_little_time_takes_nothing_from_whoever_has_more(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(hangs=True))
    client = make(timeout=60)
    client.track("A", user_id="1")
    reports: list[object] = []
    patient = threading.Thread(target=lambda: reports.append(client.close(30)))
    patient.start()
    assert sink.arrived.acquire(timeout=30)
    hasty = client.close(0.1)
    assert (hasty.sent, hasty.lost) == (0, 0)
    sink.released.set()
    patient.join(20)
    assert [(report.sent, report.lost) for report in reports] == [(1, 0)]  # type: ignore[attr-defined]
