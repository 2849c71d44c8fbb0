"""The counters, whatever happens: every call ends in exactly one of them."""

from __future__ import annotations

import gzip
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from patience import eventually
from sink import Answer, Make, Sink

from waywiser import Client, ConnectionFailed, Drop, Request, Response, Stats, _breaker, _courier, _verdict
from waywiser._breaker import Breaker

NEVER_TAKEN = {"invalid", "too_large", "held_back", "hook_failed", "queue_full", "closed"}


class Fickle:
    """Fails at random, in every way there is, and remembers whom it accepted."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.accepted: list[str] = []
        self.healths: list[dict[str, Any]] = []

    def send(self, request: Request) -> Response:
        is_packed = request.headers.get("Content-Encoding") == "gzip"
        body = json.loads(gzip.decompress(request.body) if is_packed else request.body)
        self.healths.append(body["health"])
        ids = [message["messageId"] for message in body["batch"]]
        kind = self._chance.choice(
            ["ok", "ok", "some", "down", "503", "500", "foreign", "413", "400", "401", "415", "lost"]
        )
        if kind == "down":
            raise ConnectionFailed("no")
        if kind in ("400", "401", "415"):
            return Response(int(kind), {}, b'{"code": "refused", "message": ""}')
        if kind in ("503", "500"):
            return Response(int(kind))
        if kind == "foreign":
            return Response(404, {}, b"<html>")
        if kind == "413":
            return Response(413, {}, b"<html>")
        rejected = [index for index in range(len(ids)) if kind == "some" and self._chance.random() < 0.3]
        self.accepted += [one for index, one in enumerate(ids) if index not in rejected]
        if kind == "lost":
            raise ConnectionFailed("the answer was lost")
        verdicts = [{"index": index, "code": "x"} for index in rejected]
        accepted = len(ids) - len(rejected)
        return Response(
            200, {}, json.dumps({"success": True, "accepted": accepted, "rejected": verdicts}).encode()
        )

    def close(self) -> None:
        """Nothing to close."""


def check(stats: Stats, calls: int) -> None:
    ends = stats.sent + stats.waiting + stats.spooled
    assert calls + stats.recovered == ends + sum(stats.dropped.values())
    after = sum(count for reason, count in stats.dropped.items() if reason not in NEVER_TAKEN)
    assert stats.enqueued + stats.recovered == ends + after


@pytest.mark.parametrize("seed", range(40))
def test_every_call_ends_in_exactly_one_counter(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_breaker, "FIRST_BACKOFF", 0.0001)
    monkeypatch.setattr(_breaker, "MAX_BACKOFF", 0.0001)
    monkeypatch.setattr(_verdict, "TURNED_AWAY_SECONDS", 0.0)
    chance = random.Random(seed)
    fickle = Fickle(chance)
    drops: list[Drop] = []
    settings: dict[str, Any] = {
        "max_queue": chance.choice([3, 10, 1000]),
        "flush_at": chance.choice([1, 3, 100]),
        "on_full": chance.choice(["drop_newest", "drop_oldest", "block"]),
        "before_send": chance.choice([None, lambda message: message if chance.random() < 0.9 else None]),
    }
    if chance.random() < 0.6:
        settings.update(
            spool_dir=tmp_path,
            on_full=chance.choice([settings["on_full"], "spool"]),
            durable=chance.random() < 0.4,
            max_spool=chance.choice([2000, 10**6]),
        )
    client = Client("key-1", transport=fickle, on_drop=drops.append, timeout=2, **settings)
    calls = 0
    for _ in range(chance.randrange(1, 150)):
        calls += 1
        client.track(
            chance.choice(["A", "A", "A", ""]), user_id="1", properties={"x": "y" * chance.randrange(50)}
        )
        if chance.random() < 0.05:
            client.flush(chance.choice([0, 0.001, 0.05]))
        check(client.stats(), calls)
    report = client.close(chance.choice([0, 0.01, 1]))
    client.track("late", user_id="1")
    stats = client.stats()
    check(stats, calls + 1)
    assert stats.waiting == 0
    held_back = stats.dropped.get("held_back", 0)
    # What was counted before the end of `close` is told by the thread that counted it, perhaps after that.
    assert eventually(lambda: len(drops) == sum(client.stats().dropped.values()) - held_back)
    assert report.lost <= len(drops)
    assert len(set(fickle.accepted)) >= stats.sent
    for earlier, later in zip(fickle.healths, fickle.healths[1:]):
        for name in ("enqueued", "sent", "retried", "spooled", "recovered"):
            assert earlier[name] <= later[name]


def test_each_batch_carries_the_totals_of_its_client(make: Make, sink: Sink) -> None:
    sink.answers.append(Answer(200, {"success": True, "rejected": [{"index": 0, "code": "x"}]}))
    client = make(service="billing")
    client.track("A", user_id="1")
    client.track("B", user_id="1")
    client.flush()
    client.track("", user_id="1")
    client.track("C", user_id="1")
    client.flush()
    first, second = (request.body["health"] for request in sink.requests)
    stream = sink.messages[0]["messageId"][:24]
    assert first == {
        "service": "billing",
        "stream": stream,
        "sdk": f"waywiser-python/{second['sdk'].split('/')[1]}",
        "enqueued": 2,
        "waiting": 2,
        "sent": 0,
        "retried": 0,
        "spooled": 0,
        "recovered": 0,
        "dropped": {},
    }
    assert second == {
        **first,
        "enqueued": 3,
        "waiting": 1,
        "sent": 1,
        "dropped": {"rejected": 1, "invalid": 1},
    }


def test_drops_that_no_batch_has_told_are_told_at_the_end(
    make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_courier, "FAREWELL_SECONDS", 60.0)
    client = make()
    client.track("A", user_id="1")
    client.flush()
    client.track("", user_id="1")
    client.close()
    assert sink.requests[-1].batch == []
    assert sink.requests[-1].body["health"]["dropped"] == {"invalid": 1}


def test_what_became_of_the_last_batch_is_told_at_the_end(
    make: Make, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_courier, "FAREWELL_SECONDS", 60.0)
    client = make()
    client.track("A", user_id="1")
    client.track("B", user_id="1")
    client.close()
    client.close()
    assert [len(request.batch) for request in sink.requests] == [2, 0]
    health = sink.requests[-1].body["health"]
    assert (health["enqueued"], health["waiting"], health["sent"]) == (2, 0, 2)


def test_a_client_that_has_sent_nothing_says_nothing_at_the_end(make: Make, sink: Sink) -> None:
    client = make()
    client.track("")
    client.close()
    assert sink.requests == []


def test_the_last_word_takes_no_more_than_a_moment(make: Make, sink: Sink) -> None:
    sink.answers.extend([Answer(), Answer(hangs=True)])
    client = make()
    client.track("A", user_id="1")
    start = time.monotonic()
    assert client.close(60).sent == 1
    assert time.monotonic() - start < 20


def test_the_breaker_opens_after_five_failures_and_lets_one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(_breaker, "monotonic", lambda: now)
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0)
        assert breaker.state == "closed"
    breaker.failed(0)
    assert breaker.state == "open"
    assert breaker.next_at >= now + 4
    now += 30
    assert breaker.state == "half_open"
    breaker.failed(120)
    assert breaker.next_at >= now + 120
    breaker.succeeded()
    assert (breaker.state, breaker.is_resting()) == ("closed", False)


def test_a_dead_collector_is_asked_seldom(sink: Sink, make: Make) -> None:
    sink.answers.extend([Answer(503)] * 1000)
    client = make(flush_at=1)
    client._delivery.breaker.failures = 10
    for _ in range(200):
        client.track("A", user_id="1")
    for _ in range(20):
        client.flush(0.02)
    assert len(sink.requests) <= 2
    assert eventually(lambda: client.stats().breaker == "open")
    client.close(0)
