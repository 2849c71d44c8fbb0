"""What becomes of messages for which the queue has no room."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sink import Answer, Make, Sink

from waywiser import Client, Drop, DropReason, MemoryTransport


def hold(client: Client, sink: Sink) -> None:
    """Have one request open, so that what follows waits."""
    sink.answers.append(Answer(hangs=True))
    client.track("first", user_id="1")
    client.flush(0)
    assert sink.arrived.acquire(timeout=30)


def test_drop_oldest_keeps_the_newest(make: Make, sink: Sink) -> None:
    drops: list[Drop] = []
    client = make(max_queue=5, on_full="drop_oldest", on_drop=drops.append, timeout=60)
    hold(client, sink)
    assert all(client.track(f"E{number}", user_id="1") for number in range(8))
    assert [(drop.reason, drop.message["event"]) for drop in drops] == [
        (DropReason.DISPLACED, f"E{number}") for number in range(3)
    ]
    assert client.flush(0.1) is False
    sink.released.set()
    assert client.flush(10) is True
    assert sink.events == ["first", *(f"E{number}" for number in range(3, 8))]
    stats = client.stats()
    assert (stats.enqueued, stats.sent, stats.dropped) == (9, 6, {"displaced": 3})


def test_displaced_messages_do_not_make_a_flush_return_before_the_open_request_is_answered(
    make: Make, sink: Sink
) -> None:
    client = make(max_queue=2, on_full="drop_oldest", timeout=60)
    hold(client, sink)
    for _ in range(50):
        client.track("A", user_id="1")
    assert client.flush(0.1) is False
    sink.released.set()
    assert client.flush(10) is True


def test_block_waits_for_room_and_loses_nothing(make: Make, sink: Sink) -> None:
    client = make(max_queue=5, flush_at=1, on_full="block")
    for number in range(300):
        assert client.track(f"E{number}", user_id="1")
    assert client.flush(10)
    assert sink.events == [f"E{number}" for number in range(300)]


def test_block_waits_no_longer_than_the_timeout(make: Make, sink: Sink) -> None:
    client = make(max_queue=1, on_full="block", timeout=0.3)
    sink.answers.extend([Answer(hangs=True)] * 100)
    client.track("first", user_id="1")
    client.flush(0)
    assert sink.arrived.acquire(timeout=30)
    client.track("second", user_id="1")
    start = time.monotonic()
    client.track("third", user_id="1")
    assert 0.2 < time.monotonic() - start < 10
    client.close(0)


def test_block_does_not_wait_for_a_collector_that_is_down(sink: Sink) -> None:
    sink.close()
    client = Client("key-1", sink.url, max_queue=1, on_full="block", timeout=60)
    client._delivery.breaker.failures = 100
    client._delivery.breaker.next_at = time.monotonic() + 1000
    client.track("A", user_id="1")
    client.flush(0)
    start = time.monotonic()
    taken = [client.track("B", user_id="1") for _ in range(5)]
    assert time.monotonic() - start < 30
    assert taken.count(True) <= 1
    assert client.close(0).lost == 6


def test_a_blocked_call_ends_when_the_client_is_closed(make: Make, sink: Sink) -> None:
    client = make(max_queue=1, on_full="block", timeout=60)
    hold(client, sink)
    client.track("second", user_id="1")
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(client.track("third", user_id="1")))
    thread.start()
    client.close(0.1)
    thread.join(10)
    assert results == [False]


def test_spool_writes_what_has_no_room_and_delivers_it_later(make: Make, sink: Sink, tmp_path: Path) -> None:
    client = make(max_queue=5, spool_dir=tmp_path, timeout=60)
    hold(client, sink)
    assert all(client.track(f"E{number}", user_id="1") for number in range(20))
    stats = client.stats()
    assert (stats.enqueued, stats.waiting, stats.spooled) == (21, 6, 15)
    sink.released.set()
    report = client.close(10)
    assert (report.sent, report.spooled, report.lost) == (21, 0, 0)
    assert sorted(sink.events) == sorted(["first", *(f"E{number}" for number in range(20))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"on_full": "explode"}, "on_full must be one of drop_newest, drop_oldest, block, spool"),
        ({"on_full": "spool"}, "spool_dir is needed"),
        ({"durable": True}, "spool_dir is needed"),
        ({"max_spool": 0}, "max_spool must be 1 or more"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Client("key-1", transport=MemoryTransport(), **settings)
