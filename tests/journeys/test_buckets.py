"""Parts of a period: every moment is in exactly one, which is that of its day in the project's time zone."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeys.buckets import UNITS, buckets, fitting
from journeys.period import Period, PeriodError, iso, parse_period

DAY = 86_400_000
LATER = 7_000_000_000_000
# Summer time at midnight, half and quarter hours, half an hour of summer time, a skipped and a doubled day.
ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Africa/Cairo", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "America/Havana"),
]
BEGINNINGS = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}
APIA_SKIPS = 1_325_203_200_000  # 2011-12-30 did not happen there


@settings(deadline=None)
@given(
    st.integers(0, 2_000_000_000_000),
    st.integers(1, 400 * DAY),
    st.sampled_from(UNITS),
    st.sampled_from(ZONES),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=50),
)
@example(APIA_SKIPS, 5 * DAY, "day", "Pacific/Apia", [0.1, 0.4, 0.41])
@example(1_541_290_000_000, 40 * DAY, "day", "America/Sao_Paulo", [0.0, 0.5])
@example(1_772_900_000_000, 90 * DAY, "week", "America/Havana", [0.0, 0.2, 0.3])
def test_parts_add_up_and_hold_their_days(
    start: int, length: int, unit: str, name: str, places: list[float]
) -> None:
    period, zone = Period(start, start + length), ZoneInfo(name)
    found = buckets(period, unit, zone, now=LATER)
    assert found[0].start == period.start
    assert found[-1].end == period.end
    assert all(one.end == following.start for one, following in pairwise(found))
    assert all(one.start < one.end for one in found)
    assert not any(one.is_partial for one in found[1:-1])
    edges = [one.edge for one in found]
    for place in places:
        moment = start + int(place * length)
        inside = [one for one in found if one.start <= moment < one.end]
        assert inside == [found[bisect_right(edges, moment) - 1]]
        begin = BEGINNINGS[unit](datetime.fromtimestamp(moment / 1000, zone).date())
        assert BEGINNINGS[unit](datetime.fromtimestamp(inside[0].edge / 1000, zone).date()) == begin


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),  # began at 01:00
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Asia/Kolkata", "2026-03-29", 24),
    ],
)
def test_a_day_is_as_long_as_it_was_there(name: str, day: str, hours: float) -> None:
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    period = parse_period(day, following, ZoneInfo(name), now=LATER)
    (only,) = buckets(period, "day", ZoneInfo(name), now=LATER)
    assert only.end - only.start == hours * 3_600_000
    assert not only.is_partial


def test_the_period_cuts_the_first_and_the_last() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    period = parse_period("2026-01-15", "2026-04-10", zone, now=LATER)
    found = buckets(period, "month", zone, now=LATER)
    assert [one.is_partial for one in found] == [True, False, False, True]
    assert iso(found[1].start) == "2026-01-31T18:30:00.000Z"


def test_what_is_not_over_is_partial() -> None:
    zone = ZoneInfo("UTC")
    period = parse_period("2026-03-01", "2026-03-05", zone, now=LATER)
    found = buckets(period, "day", zone, now=period.start + 2 * DAY + 5)
    assert [one.is_partial for one in found] == [False, False, True, True]


def test_weeks_begin_on_monday_and_a_fitting_unit_is_found() -> None:
    zone = ZoneInfo("UTC")
    period = parse_period("2026-03-04", "2026-03-17", zone, now=LATER)
    days = [
        datetime.fromtimestamp(one.edge / 1000, zone).date() for one in buckets(period, "week", zone, now=0)
    ]
    assert days == [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16)]
    assert [fitting(Period(0, n * DAY)) for n in (30, 90, 500)] == ["day", "week", "month"]


def test_too_many_parts_are_refused_in_a_sentence() -> None:
    zone = ZoneInfo("UTC")
    with pytest.raises(PeriodError, match="more than 1,000 parts by day"):
        buckets(parse_period("1990-01-01", "2026-01-01", zone, now=LATER), "day", zone, now=LATER)
    with pytest.raises(PeriodError, match="is no part of a period"):
        buckets(Period(0, 5), "hour", zone, now=LATER)
