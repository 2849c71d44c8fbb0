"""Periods: from and to as they are written, to the millisecond."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from journeys.period import Period, iso, moment, parse_period

NOW = 1_772_366_400_000  # 2026-03-01 12:00 UTC
UTC, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("second", [544_287_390_000, NOW, 2_188_653_653_000])
def test_every_millisecond_is_read_as_it_is_written(second: int) -> None:
    assert [at for at in range(second, second + 1_000) if moment(iso(at), UTC) != at] == []


def test_a_day_begins_at_midnight_of_the_projects_zone_also_when_clocks_change() -> None:
    period = parse_period("2026-03-29", "2026-03-30", BERLIN, now=NOW)
    assert period.end - period.start == 23 * 3_600_000
    assert iso(period.start) == "2026-03-28T23:00:00.000Z"


def test_without_an_end_it_is_the_end_of_today() -> None:
    assert parse_period("2026-03-01", None, UTC, now=NOW) == Period(NOW - 43_200_000, NOW + 43_200_000)
