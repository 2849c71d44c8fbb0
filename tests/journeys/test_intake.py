"""What became of everything that was sent: sums by hour or day, reason and library."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from journeys.intake import intake
from journeys.period import Period, iso, midnight
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


@pytest.mark.parametrize("days", [1, 30])
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Asia/Kathmandu", date(2026, 3, 1)),  # days begin at a quarter past the hour in UTC
        ("Australia/Lord_Howe", date(2026, 7, 1)),  # at half past, in winter
        ("America/Santiago", date(2026, 9, 6)),  # the day begins at 01:00
        ("Atlantic/Azores", date(2026, 10, 25)),  # 00:00 comes twice
        ("America/Havana", date(2026, 11, 1)),
    ],
)
def test_every_hour_stands_in_the_day_in_which_it_begins(
    engine: Engine, zone: str, day: date, days: int
) -> None:
    where = ZoneInfo(zone)
    *midnights, after = (midnight(day + timedelta(days=k), where) for k in range(1 - days, 2))
    first = midnights[0]
    start = first - first % HOUR - 5 * HOUR
    hours = range(start, after + 5 * HOUR, HOUR)
    keep(engine, {(1, hour, "accepted", "", JS): 1 for hour in hours})
    found = intake(engine, 1, Period(first, after), where, now=after + DAY)
    counted = [hour for hour in hours if first <= hour < after]
    assert found["total"]["accepted"] == len(counted)
    assert sum(row["accepted"] for row in found["times"]) == len(counted)
    assert all(row["accepted"] for row in found["times"]), "a row beside those that are counted"
    if days > 14:
        assert [row["at"] for row in found["times"]] == [iso(at) for at in midnights]
