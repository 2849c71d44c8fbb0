"""What became of everything that was sent: sums by hour or day, reason and library."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from journeys.intake import intake
from journeys.period import Period, parse_period
from store.db import writing
from store.ingestion import Count, add_counts

NOW = 1_772_366_400_000  # 2026-03-01 12:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR
BERLIN = ZoneInfo("Europe/Berlin")
JS, PYTHON = "waywiser-js/1", "waywiser-python/1"


def keep(engine: Engine, counts: dict[Count, int]) -> None:
    with writing(engine) as connection:
        add_counts(connection, counts)


def test_hours_reasons_and_libraries_tell_the_same_events(engine: Engine) -> None:
    keep(
        engine,
        {
            (1, NOW - 2 * HOUR, "accepted", "", JS): 7_200,
            (1, NOW - 2 * HOUR, "duplicate", "", JS): 2,
            (1, NOW - 2 * HOUR, "late", "", JS): 3,
            (1, NOW - 2 * HOUR, "bot", "googlebot", JS): 4,
            (1, NOW, "accepted", "", PYTHON): 1,
            (1, NOW, "dropped", "too_old", PYTHON): 5,
            (1, NOW, "dropped", "too_large", ""): 6,
            (1, NOW, "violation", "Order Paid", PYTHON): 1,
            (1, NOW - 4 * HOUR, "accepted", "", JS): 1_000,
        },
    )
    found = intake(engine, 1, Period(NOW - 3 * HOUR, NOW + DAY), BERLIN, now=NOW + HOUR // 2)
    assert found["unit"] == "hour"
    assert found["total"] == {
        "accepted": 7_201,
        "duplicates": 2,
        "refused": 11,
        "late": 3,
        "robots": 4,
        "violations": 1,
    }
    assert [(row["at"][11:16], row["accepted"], row["refused"]) for row in found["times"]] == [
        ("09:00", 0, 0),
        ("10:00", 7_200, 0),
        ("11:00", 0, 0),
        ("12:00", 1, 11),
    ]
    assert found["times"][3]["reasons"] == {"too_large": 6, "too_old": 5}
    assert found["reasons"] == {
        "refused": {"too_large": 6, "too_old": 5},
        "robots": {"googlebot": 4},
        "violations": {"Order Paid": 1},
    }
    assert [(row["library"], row["accepted"], row["refused"]) for row in found["libraries"]] == [
        (JS, 7_200, 0),
        ("", 0, 6),
        (PYTHON, 1, 5),
    ]
    assert found["busiest_per_second"] == 2.0
    assert found["accepted_per_second"] == round(7_201 / (3.5 * 3600), 3)


@pytest.mark.parametrize(
    ("place", "first", "last"),
    [("Asia/Kolkata", "2026-10-20", "2026-11-10"), ("America/Havana", "2026-10-20", "2026-11-10")],
)
def test_each_day_of_a_period_is_told_once_wherever_and_whenever_it_begins(
    engine: Engine, place: str, first: str, last: str
) -> None:
    """In India days begin at half past an hour; in Cuba, when summer time ends, at 0 o'clock twice."""
    zone, now = ZoneInfo(place), NOW + 400 * DAY
    period = parse_period(first, last, zone, now=now)
    around = range(period.start - DAY - period.start % HOUR, period.end + DAY, HOUR)
    keep(engine, {(1, hour, "accepted", "", JS): 1 for hour in around})
    found = intake(engine, 1, period, zone, now=now)
    days = [datetime.fromisoformat(row["at"]).astimezone(zone).date() for row in found["times"]]
    start = date.fromisoformat(first)
    assert days == [start + timedelta(days=n) for n in range(21)]
    assert min(row["accepted"] for row in found["times"]) >= 23
    assert sum(row["accepted"] for row in found["times"]) == found["total"]["accepted"]


def test_long_periods_are_told_by_the_projects_days(engine: Engine) -> None:
    midnight = NOW - 13 * HOUR  # 00:00 in Berlin
    keep(
        engine,
        {
            (1, midnight - HOUR, "accepted", "", JS): 1,
            (1, midnight, "accepted", "", JS): 2,
            (1, midnight + 5 * HOUR, "accepted", "", JS): 4,
        },
    )
    found = intake(engine, 1, Period(midnight - 20 * DAY, midnight + DAY), BERLIN, now=NOW)
    assert found["unit"] == "day"
    assert len(found["times"]) == 21
    assert [row["accepted"] for row in found["times"][-2:]] == [1, 6]
    assert found["times"][-1]["at"] == "2026-02-28T23:00:00.000Z"


def test_a_period_that_lies_ahead_is_empty(engine: Engine) -> None:
    found = intake(engine, 1, Period(NOW + DAY, NOW + 2 * DAY), BERLIN, now=NOW)
    assert (found["times"], found["total"]["accepted"]) == ([], 0)
