"""When an event happened, by clocks that are right, ahead, behind or absurd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.collector.conftest import NOW
from tests.collector.pipeline.conftest import Pipeline

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
OLDEST = NOW - 730 * DAY
YEAR_2000, YEAR_2100, YEAR_9999 = 946_684_800_000, 4_102_444_800_000, 253_370_764_800_000


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "kept", "marks"),
    [
        (NOW - 5 * SECOND, NOW - SECOND, NOW - 5 * SECOND, ()),
        (NOW - 5 * HOUR, NOW - 4 * HOUR, NOW - 5 * HOUR, ()),
        (NOW - 5 * HOUR, None, NOW - 5 * HOUR, ()),
        (NOW + HOUR - SECOND, NOW + HOUR, NOW - SECOND, ("clock_corrected",)),
        (NOW - DAY, NOW + HOUR, NOW - DAY - HOUR, ("clock_corrected",)),
        (NOW - SECOND, NOW + 30 * SECOND, NOW - SECOND, ()),
        (NOW + 200, NOW + 300, NOW - 100, ("clock_corrected",)),
        (NOW + HOUR, NOW - SECOND, NOW, ("clock_ahead",)),
        (NOW + 2 * HOUR, NOW + HOUR, NOW, ("clock_corrected", "clock_ahead")),
        (NOW + HOUR, None, NOW, ("clock_ahead",)),
        ("9999-12-31T00:00:00Z", None, NOW, ("clock_ahead",)),
        (NOW - SECOND, YEAR_9999, NOW - SECOND, ()),
        (NOW + SECOND, YEAR_9999, NOW, ("clock_ahead",)),
        ("9998-12-31T23:59:59Z", YEAR_9999, NOW - SECOND, ("clock_corrected",)),
        (NOW + 1000 * DAY, NOW + 1000 * DAY + SECOND, NOW - SECOND, ("clock_corrected",)),
        (NOW - HOUR, NOW + 300 * DAY, NOW - 300 * DAY - HOUR, ("clock_corrected",)),
        ("   ", None, NOW, ()),
        (NOW, None, NOW, ()),
        (None, NOW, NOW, ()),
    ],
)
def test_only_a_clock_that_runs_ahead_is_corrected_and_nothing_happens_in_the_future(
    pipeline: Pipeline, timestamp: int | str | None, sent_at: int | None, kept: int, marks: tuple[str, ...]
) -> None:
    event = pipeline.event({"timestamp": timestamp}, sent_at=sent_at)
    assert (event.timestamp, event.received_at, event.marks) == (kept, NOW, marks)


@pytest.mark.parametrize(
    ("policy", "timestamp", "sent_at", "kept", "marks"),
    [
        ("keep", NOW + 1, None, NOW + 1, ()),
        ("keep", NOW + 9 * DAY, None, NOW + 9 * DAY, ()),
        ("keep", YEAR_2100, None, YEAR_2100, ()),
        ("keep", NOW + 2 * HOUR, NOW + HOUR, NOW + HOUR, ("clock_corrected",)),
        ("keep", NOW - HOUR, None, NOW - HOUR, ()),
        ("clamp", NOW + 1, None, NOW, ("clock_ahead",)),
        ("clamp", NOW + 9 * DAY, None, NOW, ("clock_ahead",)),
        ("clamp", NOW + 2 * HOUR, NOW + HOUR, NOW, ("clock_corrected", "clock_ahead")),
        ("clamp", NOW - HOUR, None, NOW - HOUR, ()),
        ("drop", NOW + 1, None, NOW, ("clock_ahead",)),
        ("drop", NOW + MINUTE, None, NOW, ("clock_ahead",)),
        ("drop", NOW + HOUR, NOW + HOUR, NOW, ("clock_corrected",)),
        ("drop", NOW - HOUR, None, NOW - HOUR, ()),
    ],
)
def test_the_future_follows_the_setting(
    with_settings: Callable[..., Pipeline],
    policy: str,
    timestamp: int,
    sent_at: int | None,
    kept: int,
    marks: tuple[str, ...],
) -> None:
    event = with_settings(future_times=policy).event({"timestamp": timestamp}, sent_at=sent_at)
    assert (event.timestamp, event.marks) == (kept, marks)


@pytest.mark.parametrize(
    ("policy", "timestamp", "kept", "marks"),
    [
        ("keep", OLDEST, OLDEST, ()),
        ("keep", OLDEST - 1, OLDEST - 1, ()),
        ("keep", YEAR_2000, YEAR_2000, ()),
        ("clamp", OLDEST, OLDEST, ()),
        ("clamp", OLDEST - 1, OLDEST, ("too_old",)),
        ("clamp", YEAR_2000, OLDEST, ("too_old",)),
        ("drop", OLDEST, OLDEST, ()),
    ],
)
def test_times_long_ago_follow_the_setting(
    with_settings: Callable[..., Pipeline], policy: str, timestamp: int, kept: int, marks: tuple[str, ...]
) -> None:
    event = with_settings(old_times=policy).event({"timestamp": timestamp})
    assert (event.timestamp, event.marks) == (kept, marks)


@pytest.mark.parametrize(
    ("settings", "timestamp", "sent_at", "code"),
    [
        ({"future_times": "drop"}, NOW + MINUTE + 1, None, "from_future"),
        ({"future_times": "drop"}, NOW + 3 * HOUR, NOW + HOUR, "from_future"),
        ({"future_times": "drop"}, "9999-12-31", None, "from_future"),
        ({"future_times": "keep"}, YEAR_2100 + 1, None, "bad_timestamp"),
        ({"old_times": "drop"}, OLDEST - 1, None, "too_old"),
        ({"old_times": "drop"}, OLDEST + HOUR - 1, NOW + HOUR, "too_old"),
        ({"old_times": "drop", "retention_days": 1}, NOW - DAY - 1, None, "too_old"),
        ({"old_times": "keep"}, YEAR_2000 - 1, None, "bad_timestamp"),
        ({"old_times": "keep"}, YEAR_2000, NOW + HOUR, "bad_timestamp"),
        ({"old_times": "clamp"}, YEAR_2000 - 1, None, "bad_timestamp"),
    ],
)
def test_what_the_settings_do_not_let_pass_is_dropped(
    with_settings: Callable[..., Pipeline],
    settings: dict[str, Any],
    timestamp: int | str,
    sent_at: int | None,
    code: str,
) -> None:
    drop = with_settings(**settings).drop({"timestamp": timestamp}, sent_at=sent_at)
    assert (drop.code, drop.field, drop.place) == (code, "timestamp", "pipeline")


def test_a_message_may_say_itself_when_it_was_sent(pipeline: Pipeline) -> None:
    event = pipeline.event({"timestamp": NOW + HOUR, "sentAt": "2025-10-09T09:53:20Z"})
    assert event.timestamp == NOW


def test_the_original_timestamp_counts_where_there_is_no_other(pipeline: Pipeline) -> None:
    assert pipeline.event({"originalTimestamp": NOW - HOUR}).timestamp == NOW - HOUR
    both = pipeline.event({"originalTimestamp": NOW - HOUR, "timestamp": NOW - DAY})
    assert both.timestamp == NOW - DAY


@pytest.mark.parametrize(
    "timestamp",
    ["1999-12-31T23:59:59Z", 1, "0001-01-01T00:00:00Z", "yesterday", {"no": "time"}, True, -1e300],
)
def test_a_live_event_of_an_absurd_time_is_dropped_under_every_setting(
    with_settings: Callable[..., Pipeline], timestamp: Any
) -> None:
    for policy in ("keep", "clamp", "drop"):
        drop = with_settings(old_times=policy, future_times=policy).drop({"timestamp": timestamp})
        assert (drop.code, drop.field, drop.place) == ("bad_timestamp", "timestamp", "pipeline")


@pytest.mark.parametrize("timestamp", [NOW - 9_000 * DAY, 0, -2_208_988_800_000, NOW + HOUR])
def test_history_keeps_its_times_under_every_setting(
    with_settings: Callable[..., Pipeline], timestamp: int
) -> None:
    for policy in ("keep", "clamp", "drop"):
        live = with_settings(old_times=policy, future_times=policy)
        event = live.event({"timestamp": timestamp}, history=True, sent_at=NOW + DAY)
        assert (event.timestamp, event.marks) == (timestamp, ())


@pytest.mark.parametrize("timestamp", [NOW + 2 * DAY, -2_208_988_800_001, "0001-01-01", "yesterday"])
def test_history_that_the_store_cannot_hold_is_dropped(pipeline: Pipeline, timestamp: Any) -> None:
    assert pipeline.drop({"timestamp": timestamp}, history=True).code == "bad_timestamp"
