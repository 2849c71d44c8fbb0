"""The trend adds up to the funnel, in every time zone and unit, and never shows the unfinished as lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeys.cursors import ListError
from journeys.funnel import OUTCOMES, UNITS, funnel
from journeys.lists import listed
from journeys.period import Period, PeriodError, moment
from journeys.scope import Scope
from journeys.trend import behind, trend
from tests.journeys.months import ZONE


def plain(rate: dict[str, Any]) -> list[Any]:
    return [rate[name] for name in ("value", "low", "high", "n")]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_parts_add_up_to_the_funnel(months: Scope, unit: str, by: str) -> None:
    found, whole = trend(months, by=by, unit=unit), funnel(months, unit=unit)
    assert found["entered"] == whole["entered"] > 0
    assert found["outcomes"] == whole["outcomes"]
    assert plain(found["success_rate"]) == plain(whole["success_rate"])
    assert sum(part["entered"] for part in found["parts"]) == whole["entered"]
    for part in found["parts"]:
        assert sum(part["outcomes"].values()) == part["entered"] == part["success_rate"]["n"]
        assert part["customers"] <= part["entered"]


@given(
    st.integers(0, 120 * 24),
    st.integers(1, 100 * 24),
    st.sampled_from(["day", "week", "month"]),
    st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana"]),
    st.sampled_from(["runs", "customers"]),
)
@settings(max_examples=40, deadline=None)
def test_any_period_in_any_zone_adds_up(
    months: Scope, begin: int, hours: int, by: str, zone: str, unit: str
) -> None:
    start = months.period.start - 10 * 86_400_000 + begin * 3_600_000
    scope = replace(
        months,
        period=Period(start, start + hours * 3_600_000),
        project=replace(months.project, timezone=zone),
    )
    found, whole = trend(scope, by=by, unit=unit), funnel(scope, unit=unit)
    assert (found["entered"], found["outcomes"]) == (whole["entered"], whole["outcomes"])


def test_every_run_stands_in_its_own_day(months: Scope) -> None:
    days = Counter[tuple[str, str]]()
    cursor = None
    while True:
        page = listed(months, cursor=cursor, most=500)
        for run in page["runs"]:
            day = datetime.fromisoformat(run["start"]).astimezone(ZoneInfo(ZONE)).date()
            days[str(day), run["outcome"]] += 1
        cursor = page["next"]
        if cursor is None:
            break
    told = Counter[tuple[str, str]]()
    for part in trend(months, by="day")["parts"]:
        day = datetime.fromisoformat(part["from"]).astimezone(ZoneInfo(ZONE)).date()
        for how in OUTCOMES:
            told[str(day), how] += part["outcomes"][how]
    assert +told == days


def test_a_part_is_the_funnel_of_its_own_period(months: Scope) -> None:
    parts = trend(months, by="week")["parts"]
    assert all(one["to"] == following["from"] for one, following in pairwise(parts))
    for part in parts[:3]:
        zone = months.project.zone
        period = Period(moment(part["from"], zone), moment(part["to"], zone))
        assert funnel(replace(months, period=period))["outcomes"] == part["outcomes"]


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_a_list_names_the_first_and_the_last_day_of_its_part(months: Scope, by: str) -> None:
    for part in trend(months, by=by)["parts"]:
        start, end = (
            datetime.fromisoformat(part[name]).astimezone(ZoneInfo(ZONE)) for name in ("from", "to")
        )
        last = (end - timedelta(milliseconds=1)).date()
        said = behind(months, part["cells"]["entered"]).title
        assert said == f"Began from {start.date()} to {last}: all who entered"


@pytest.mark.parametrize(
    "cell", ["entered:1", f"entered:1:{10**20}", f"entered:{10**17}:{10**17}", "left:1:2"]
)
def test_what_is_no_part_of_time_is_no_cell(months: Scope, cell: str) -> None:
    with pytest.raises(ListError):
        behind(months, cell)


def test_who_is_still_in_time_is_bounded_and_marked(months: Scope) -> None:
    parts = trend(months, by="day")["parts"]
    immature = [part for part in parts if part["immature"]]
    assert immature
    assert {part["outcomes"]["in_time"] > 0 for part in immature} == {True}
    assert all(part["success_rate"]["at_most"] > part["success_rate"]["value"] for part in immature)
    mature = [part for part in parts if part["entered"] and not part["immature"]]
    assert all(part["success_rate"]["at_most"] == part["success_rate"]["value"] for part in mature)
    assert max(part["from"] for part in mature) < max(part["from"] for part in immature)


def test_small_parts_say_so_and_empty_ones_have_no_rate(months: Scope) -> None:
    by_day, by_month = trend(months, by="day")["parts"], trend(months, by="month")["parts"]
    assert all(part["small"] for part in by_day if part["entered"] < 30)
    assert not all(part["small"] for part in by_month)
    empty = [part for part in by_day if not part["entered"]]
    assert empty
    assert {part["success_rate"]["value"] for part in empty} == {None}
    assert empty[0]["success_rate"]["at_most"] is None


def test_a_segment_narrows_the_trend(months: Scope) -> None:
    parts = [trend(replace(months, segment={"device": one}))["entered"] for one in ("mobile", "desktop")]
    assert sum(parts) == trend(months)["entered"]
    assert min(parts) > 0


def test_what_cannot_be_asked_is_refused(months: Scope) -> None:
    with pytest.raises(PeriodError):
        trend(months, by="hour")
    with pytest.raises(ValueError, match="is no unit"):
        trend(months, unit="people")
