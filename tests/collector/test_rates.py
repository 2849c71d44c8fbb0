"""The rate limit of a key: what passes, what waits, and how long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from collector.errors import Refusal
from collector.rates import Rates
from store.settings import Settings
from tests.collector.conftest import Clock, Site

TRACK = {"event": "Signed Up", "userId": "u1"}
EVENT = {"type": "track", **TRACK}


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Clock:
    """The clock that the windows are measured by."""
    stand = SimpleNamespace(time=lambda: clock.now / 1000)
    monkeypatch.setattr("limits.storage.memory.time", stand)
    monkeypatch.setattr("collector.rates.time", stand)
    return clock


def passed(rates: Rates, key: str, *batches: int) -> list[bool]:
    """Which of these batches the limit lets in."""
    answers = []
    for events in batches:
        try:
            rates.charge(key, events)
        except Refusal:
            answers.append(False)
        else:
            answers.append(True)
    return answers


@pytest.mark.parametrize(
    ("batches", "passing"),
    [
        ([1] * 5, [True] * 5),
        ([1] * 6, [True] * 5 + [False]),
        ([4, 1, 1], [True, True, False]),
        ([4, 3, 1], [True, True, False]),
        ([50, 1], [True, False]),
        ([0] * 6, [True] * 5 + [False]),
    ],
)
def test_requests_pass_until_a_second_is_full(wall: Clock, batches: list[int], passing: list[bool]) -> None:
    assert passed(Rates(5), "key", *batches) == passing


@pytest.mark.parametrize(("events", "seconds"), [(5, 1), (6, 2), (10, 2), (50, 10), (20_000, 4_000)])
def test_a_batch_takes_the_time_that_its_events_are_worth(wall: Clock, events: int, seconds: int) -> None:
    rates = Rates(5)
    rates.charge("key", events)
    with pytest.raises(Refusal) as refusal:
        rates.charge("key", 1)
    assert (refusal.value.status, refusal.value.code) == (429, "rate_limited")
    assert refusal.value.retry_after == seconds
    wall.now += seconds * 1000 - 1
    assert passed(rates, "key", 1) == [False]
    wall.now += 1
    assert passed(rates, "key", 1) == [True]


def test_over_a_minute_the_average_stays_at_the_limit(wall: Clock) -> None:
    rates, kept = Rates(10), 0
    for _ in range(600):
        kept += 7 * passed(rates, "key", 7)[0]
        wall.now += 100
    assert kept <= 10 * 60 + 7
    assert kept > 10 * 60 * 0.6


def test_keys_do_not_share_a_limit(wall: Clock) -> None:
    rates = Rates(1)
    assert passed(rates, "one", 1) + passed(rates, "two", 1) + passed(rates, "one", 1) == [True, True, False]


def test_a_key_that_sends_too_fast_is_a_429_and_nothing_of_it_is_kept(wall: Clock, open_site: Any) -> None:
    site: Site = open_site(Settings(rate_limit=3))
    assert site.post("/v1/batch", {"batch": [EVENT, EVENT, {}]}).status_code == 200
    answer = site.post("/v1/track", TRACK)
    assert (answer.status_code, answer.json["code"], answer.json["success"]) == (429, "rate_limited", False)
    assert answer.headers["Retry-After"] == "1"
    assert site.post("/v1/track", TRACK, key=site.browser_key).status_code == 200
    wall.now += 1_000
    assert site.post("/v1/track", TRACK).status_code == 200
    assert sum(len(one.messages) for one in site.envelopes()) == 4


def test_a_batch_above_the_limit_passes_whole(wall: Clock, open_site: Any) -> None:
    site: Site = open_site(Settings(rate_limit=3))
    assert site.post("/v1/batch", {"batch": [EVENT] * 100}).json["accepted"] == 100
    assert site.post("/v1/track", TRACK).headers["Retry-After"] == "34"
