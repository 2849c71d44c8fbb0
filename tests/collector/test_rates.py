"""The rate limit of a key: what passes, what waits, and how long."""

from __future__ import annotations

from typing import Any

import pytest

from collector.errors import Refusal
from collector.rates import Rates
from store.settings import Settings
from tests.collector.conftest import Clock, Site

TRACK = {"event": "Signed Up", "userId": "u1"}
EVENT = {"type": "track", **TRACK}


def passed(rates: Rates, key: int, *batches: int) -> list[bool]:
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
def test_requests_pass_until_a_second_is_full(clock: Clock, batches: list[int], passing: list[bool]) -> None:
    assert passed(Rates(5, clock), 1, *batches) == passing


@pytest.mark.parametrize(("events", "seconds"), [(6, 1), (10, 1), (11, 2), (50, 9), (20_000, 3_999)])
def test_a_batch_takes_the_time_that_its_events_are_worth(clock: Clock, events: int, seconds: int) -> None:
    rates = Rates(5, clock)
    rates.charge(1, events)
    with pytest.raises(Refusal) as refusal:
        rates.charge(1, 1)
    assert (refusal.value.status, refusal.value.code) == (429, "rate_limited")
    assert refusal.value.retry_after == seconds
    clock.now += events * 200 - 1000
    assert passed(rates, 1, 1) == [False]
    clock.now += 1
    assert passed(rates, 1, 1) == [True]


def test_over_a_minute_the_average_stays_at_the_limit(clock: Clock) -> None:
    rates, kept = Rates(10, clock), 0
    for _ in range(600):
        kept += 7 * passed(rates, 1, 7)[0]
        clock.now += 100
    assert kept <= 10 * 60 + 10 + 7  # a second may come at once
    assert kept > 10 * 60 * 0.6


def test_a_clock_that_is_put_back_keeps_nobody_waiting(clock: Clock) -> None:
    rates = Rates(5, clock)
    assert passed(rates, 1, 1, 1, 1) == [True] * 3
    clock.now -= 3_600_000
    assert passed(rates, 1, 1, 1, 1) == [True, True, False], "and what was paid still counts"
    clock.now += 200
    assert passed(rates, 1, 1) == [True]


def test_keys_do_not_share_a_limit(clock: Clock) -> None:
    rates = Rates(1, clock)
    assert passed(rates, 1, 1) + passed(rates, 2, 1) + passed(rates, 1, 1) == [True, True, False]


def test_a_key_that_sends_too_fast_is_a_429_and_nothing_of_it_is_kept(clock: Clock, open_site: Any) -> None:
    site: Site = open_site(Settings(rate_limit=3))
    assert site.post("/v1/batch", {"batch": [EVENT, EVENT, {}]}).status_code == 200
    answer = site.post("/v1/track", TRACK)
    assert (answer.status_code, answer.json["code"], answer.json["success"]) == (429, "rate_limited", False)
    assert answer.headers["Retry-After"] == "1"
    assert site.post("/v1/track", TRACK, key=site.browser_key).status_code == 200
    clock.now += 1_000
    assert site.post("/v1/track", TRACK).status_code == 200
    assert sum(len(one.messages) for one in site.envelopes()) == 4


def test_a_batch_above_the_limit_passes_whole(clock: Clock, open_site: Any) -> None:
    site: Site = open_site(Settings(rate_limit=3))
    assert site.post("/v1/batch", {"batch": [EVENT] * 100}).json["accepted"] == 100
    assert site.post("/v1/track", TRACK).headers["Retry-After"] == "33"
