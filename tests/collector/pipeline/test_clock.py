"""When an event happened, by clocks that are right, ahead, behind or absurd."""

from __future__ import annotations

from typing import Any

import pytest

from tests.collector.conftest import NOW
from tests.collector.pipeline.conftest import Pipeline

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


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
        (4_000_000_000_000_00, None, NOW, ("clock_ahead",)),
        (None, NOW, NOW, ()),
    ],
)
def test_only_a_clock_that_runs_ahead_is_corrected_and_nothing_happens_in_the_future(
    pipeline: Pipeline, timestamp: int | None, sent_at: int | None, kept: int, marks: tuple[str, ...]
) -> None:
    event = pipeline.event({"timestamp": timestamp}, sent_at=sent_at)
    assert (event.timestamp, event.received_at, event.marks) == (kept, NOW, marks)


def test_a_message_may_say_itself_when_it_was_sent(pipeline: Pipeline) -> None:
    event = pipeline.event({"timestamp": NOW + HOUR, "sentAt": "2025-10-09T09:53:20Z"})
    assert event.timestamp == NOW


def test_the_original_timestamp_counts_where_there_is_no_other(pipeline: Pipeline) -> None:
    assert pipeline.event({"originalTimestamp": NOW - HOUR}).timestamp == NOW - HOUR
    both = pipeline.event({"originalTimestamp": NOW - HOUR, "timestamp": NOW - DAY})
    assert both.timestamp == NOW - DAY


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        (NOW - 731 * DAY, "too_old"),
        ("1999-12-31T23:59:59Z", "bad_timestamp"),
        (1, "bad_timestamp"),
        ("0001-01-01T00:00:00Z", "bad_timestamp"),
        ("yesterday", "bad_timestamp"),
        ({"no": "time"}, "bad_timestamp"),
        (True, "bad_timestamp"),
        (-1e300, "bad_timestamp"),
    ],
)
def test_live_events_of_absurd_or_ancient_times_are_dropped(
    pipeline: Pipeline, timestamp: Any, code: str
) -> None:
    drop = pipeline.drop({"timestamp": timestamp})
    assert (drop.code, drop.field, drop.place) == (code, "timestamp", "pipeline")


def test_an_event_as_old_as_the_retention_is_kept(pipeline: Pipeline) -> None:
    assert pipeline.event({"timestamp": NOW - 730 * DAY}).timestamp == NOW - 730 * DAY


@pytest.mark.parametrize("timestamp", [NOW - 9_000 * DAY, 0, -2_208_988_800_000, NOW + HOUR])
def test_history_keeps_its_times(pipeline: Pipeline, timestamp: int) -> None:
    event = pipeline.event({"timestamp": timestamp}, history=True, sent_at=NOW + DAY)
    assert (event.timestamp, event.marks) == (timestamp, ())


@pytest.mark.parametrize("timestamp", [NOW + 2 * DAY, -2_208_988_800_001, "0001-01-01", "yesterday"])
def test_history_that_the_store_cannot_hold_is_dropped(pipeline: Pipeline, timestamp: Any) -> None:
    assert pipeline.drop({"timestamp": timestamp}, history=True).code == "bad_timestamp"
