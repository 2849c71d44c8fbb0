"""How messages are packed into requests."""

from __future__ import annotations

import os
import time
from base64 import b64encode

import pytest
from sink import Make, Sink


def test_a_batch_takes_all_that_waits_up_to_five_thousand_messages(make: Make, sink: Sink) -> None:
    client = make(flush_at=50_000)
    for _ in range(5_020):
        client.track("A", user_id="1")
    assert client.flush(20)
    assert [len(request.batch) for request in sink.requests] == [5_000, 20]


def test_a_batch_stays_below_two_mebibytes(make: Make, sink: Sink) -> None:
    client = make(flush_at=1000)
    for _ in range(150):
        client.track("A", user_id="1", properties={"text": b64encode(os.urandom(21_000)).decode()})
    assert client.flush(20)
    sizes = [len(b"".join(str(message).encode() for message in request.batch)) for request in sink.requests]
    assert len(sink.messages) == 150
    assert len(sizes) == 3
    assert max(sizes) < 2 * 1024 * 1024


def test_messages_are_sent_when_enough_wait(make: Make, sink: Sink) -> None:
    client = make(flush_at=3)
    for number in range(3):
        client.track(f"E{number}", user_id="1")
    assert sink.arrived.acquire(timeout=30)
    assert sink.events == ["E0", "E1", "E2"]


def test_few_messages_are_sent_after_the_interval(make: Make, sink: Sink) -> None:
    client = make(flush_interval=0.05)
    client.track("A", user_id="1")
    assert sink.arrived.acquire(timeout=30)
    time.sleep(0.2)  # so that the thread sleeps deeply when the next message comes
    client.track("B", user_id="1")
    assert sink.arrived.acquire(timeout=30)
    assert sink.events == ["A", "B"]


def test_nothing_is_sent_before_it_is_due(make: Make, sink: Sink) -> None:
    client = make(flush_at=3)
    client.track("A", user_id="1")
    client.track("B", user_id="1")
    assert not sink.arrived.acquire(timeout=0.1)
    assert client.stats().waiting == 2


@pytest.mark.parametrize(("size", "encoding"), [(100, None), (20_000, "gzip")])
def test_large_requests_are_compressed_and_small_ones_are_not(
    size: int, encoding: str | None, make: Make, sink: Sink
) -> None:
    client = make()
    client.track("A", user_id="1", properties={"text": "x" * size})
    assert client.flush()
    [request] = sink.requests
    assert request.headers.get("content-encoding") == encoding
    assert request.batch[0]["properties"] == {"text": "x" * size}
    assert len(request.raw) < 1000


def test_one_connection_serves_all_requests(make: Make, sink: Sink) -> None:
    client = make()
    for _ in range(3):
        client.track("A", user_id="1")
        assert client.flush()
    assert len(sink.requests) == 3
    assert len({request.port for request in sink.requests}) == 1
