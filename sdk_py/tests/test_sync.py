"""Delivery within the call, where nothing may run between calls."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from patience import eventually
from sink import Answer, Make, Sink

from waywiser import Client, MemoryTransport, Request, Response, _breaker


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_breaker, "FIRST_BACKOFF", 0.01)
    monkeypatch.setattr(_breaker, "MAX_BACKOFF", 0.01)


def test_a_message_is_delivered_when_the_call_returns_and_no_thread_is_started(
    make: Make, sink: Sink
) -> None:
    before = set(threading.enumerate())
    client = make(sync=True)
    for name in ("A", "B"):
        assert client.track(name, user_id="1") is True
        assert sink.events[-1] == name
    assert "waywiser-delivery" not in [thread.name for thread in set(threading.enumerate()) - before]
    assert len({request.port for request in sink.requests}) == 1
    assert client.flush() is True
    assert client.close().sent == 2


def test_a_short_outage_is_waited_out(make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(503), Answer(503)])
    assert make(sync=True).track("A", user_id="1") is True


def test_a_call_takes_no_longer_than_the_timeout_and_the_next_one_takes_the_rest_along(
    make: Make, sink: Sink
) -> None:
    sink.answers.append(Answer(hangs=True))
    client = make(sync=True, timeout=60)
    patient, client._options = client._options, replace(client._options, timeout=2)
    start = time.monotonic()
    assert client.track("A", user_id="1") is False
    assert time.monotonic() - start < 30
    client._options = patient
    sink.released.set()
    assert client.stats().waiting == 1
    assert client.track("B", user_id="1") is True
    assert sink.events == ["A", "A", "B"]
    assert client.close().sent == 2


def test_a_key_that_is_refused_holds_up_no_call(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(401, {"code": "unknown_key"}))
    client = make(sync=True)
    start = time.monotonic()
    assert client.track("A", user_id="1") is False
    assert client.track("B", user_id="1") is False
    assert time.monotonic() - start < 30
    assert (len(sink.requests), client.stats().waiting) == (1, 2)


def test_many_threads_may_call_at_once(make: Make, sink: Sink) -> None:
    client = make(sync=True)
    results: list[bool] = []

    def work(name: int) -> None:
        results.extend(client.track(f"{name}-{number}", user_id="1") for number in range(20))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 100
    assert len(set(sink.events)) == len(sink.events) == 100


class Gate(MemoryTransport):
    """Lets one request through for each time that somebody opens it."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.opened = threading.Semaphore(0)

    def send(self, request: Request) -> Response:
        self.entered.release()
        assert self.opened.acquire(timeout=20)
        return super().send(request)


def test_a_call_ends_when_its_own_message_is_settled() -> None:
    gate = Gate()
    client = Client("key-1", transport=gate, sync=True, timeout=60)
    results: dict[str, bool] = {}

    def call(name: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: results.update({name: client.track(name, user_id="1")}))
        thread.start()
        return thread

    first = call("A")
    assert gate.entered.acquire(timeout=30)
    second = call("B")
    assert eventually(lambda: client.stats().waiting == 2)
    gate.opened.release()
    assert gate.entered.acquire(timeout=30)
    first.join(10)
    assert results == {"A": True}
    gate.opened.release()
    second.join(10)
    assert results == {"A": True, "B": True}
