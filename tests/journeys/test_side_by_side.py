"""A report side by side: its numbers are those of each group alone, and their differences one family."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from journeys.apart import apart
from journeys.companions import COMPANIONS, FACING
from journeys.comparison import COMPARISON
from journeys.cursors import ListError, read_cell
from journeys.facing import Facing
from journeys.lists import total
from journeys.period import Period, PeriodError, moment
from journeys.scope import Scope
from journeys.segments import SegmentError
from journeys.side_by_side_lists import SIDES, Cell
from tests.journeys.test_frame import DAY, START, cells, numbers
from tests.journeys.test_frame import scope as scope

MIDDLE = START + 14 * DAY
GROUPS: dict[str, dict[str, str]] = {
    "segments": {"against": "device:mobile"},
    "periods": {"before_from": "2025-10-09", "before_to": "2025-10-23"},
}


@pytest.fixture(scope="module", params=FACING, ids=lambda one: one.report.name)
def facing(request: pytest.FixtureRequest) -> Facing:
    return request.param


@pytest.fixture(scope="module", params=GROUPS)
def both(request: pytest.FixtureRequest, scope: Scope) -> tuple[str, list[Scope]]:
    """How two groups are asked for, and the scope of each by itself."""
    later = replace(scope, period=Period(MIDDLE, scope.period.end), segment={"channel": "Email"})
    if request.param == "segments":
        return request.param, [later, replace(later, segment={"device": "mobile"})]
    days = [moment(day, scope.project.zone) for day in GROUPS["periods"].values()]
    return request.param, [later, replace(later, period=Period(*days))]


@pytest.fixture(scope="module")
def found(facing: Facing, both: tuple[str, list[Scope]]) -> dict[str, Any]:
    """The answer of the report side by side."""
    report, (compared, scopes) = COMPANIONS[facing.report.name], both
    return report.ask(scopes[0], report.arguments(GROUPS[compared]))


def test_each_number_is_that_of_the_group_alone(
    facing: Facing, both: tuple[str, list[Scope]], found: dict[str, Any]
) -> None:
    compared, scopes = both
    assert found["compared"] == compared
    given = {**facing.report.arguments({}), **(facing.wide or {}), **found["asked"]}
    age = round(found["age"]["seconds"] * 1000) if found["age"] else 0
    assert bool(age) == (compared == "periods" and facing.at_age)
    for side, alone in zip(SIDES, (replace(one, age=age) for one in scopes), strict=True):
        answer = facing.report.ask(alone, given)
        theirs, every = dict(cells(answer)), set(numbers(answer))
        every.add(answer.get("successes", 0) + answer.get("unsuccessful", 0))  # the runs that are over
        for row in found["rows"]:
            one = row[side]
            if "cell" in one:
                inner = read_cell(one["cell"], Cell, "it")
                assert theirs[inner.cell] == one["n"], row
                assert (inner.start, inner.end, inner.age) == (alone.period.start, alone.period.end, age)
            elif one["n"]:
                assert one["n"] in every
            if one.get("share") and one["share"]["n"]:
                assert one["share"]["n"] in every or one["share"]["n"] in theirs.values(), row


def test_every_row_has_a_head_and_a_name(scope: Scope, facing: Facing, found: dict[str, Any]) -> None:
    rows = found["rows"]
    names = [(row["part"], facing.called(scope, row["part"], row["kind"], row["label"])) for row in rows]
    assert all(part in facing.heads and name for part, name in names)
    assert len(set(names)) == len(names)


def test_all_differences_that_are_shown_are_one_family(facing: Facing, found: dict[str, Any]) -> None:
    rows = found["rows"]
    known = [row for row in rows if all(row[side].get("share") for side in SIDES)]
    columns = [[row[side] for row in known] for side in SIDES]
    counts, n = ([[pick(one) for one in some] for some in columns] for pick in (count_of, n_of))
    expected = apart(counts[0], n[0], counts[1], n[1])
    if not facing.tests_all:
        assert [row["difference"] for row in known] == [pytest.approx(one) for one in expected]
    for row in rows:
        if row["difference"]["value"] is not None:
            first, second = (value_of(row[side]) for side in SIDES)
            assert row["difference"]["value"] == pytest.approx(first - second, abs=2e-6)


def count_of(side: dict[str, Any]) -> int:
    return int(side["n"])


def n_of(side: dict[str, Any]) -> int:
    return int(side["share"]["n"])


def value_of(side: dict[str, Any]) -> float:
    return float((side.get("share") or side["effect"])["value"])


def test_who_is_compared_is_said_with_what_to_beware_of(scope: Scope) -> None:
    report = COMPANIONS["variants"]
    found = report.ask(
        replace(scope, segment={"channel": "Email"}), {"against": "device:mobile"}, unit="runs"
    )
    told = COMPARISON.ask(scope, {"segments": "channel:Email;device:mobile"}, unit="runs")
    for side, group in zip(found["sides"], told["segments"], strict=True):
        for name in ("text", "name", "customers", "small", "dependent", "looks_inside"):
            assert side[name] == group[name]
        assert side["entered"]["n"] == group["entered"]["n"] > 0
        assert side["in_time"]["n"] == group["outcomes"]["in_time"]["n"]
    assert found["overlap"]["n"] == told["overlap"][0]["n"] > 0
    assert report.behind
    which = report.behind(replace(scope, segment={"device": "tablet"}), found["overlap"]["cell"])
    assert total(scope, which) == found["overlap"]["n"], "whatever the segment of the page"


def test_what_cannot_be_compared_is_refused(scope: Scope) -> None:
    report = COMPANIONS["variants"]
    for against in ("all", "shoe:red", "name:nobody"):
        with pytest.raises(SegmentError):
            report.ask(scope, {"against": against}, unit="runs")
    with pytest.raises(SegmentError, match="not with both"):
        report.ask(scope, {"against": "device:mobile", "before_from": "2025-01-01"}, unit="runs")
    with pytest.raises(PeriodError, match="must not overlap"):
        report.ask(scope, {"before_from": "2025-10-09", "before_to": "2025-10-23"}, unit="runs")


@pytest.mark.parametrize("cell", ["", "nonsense", "e30="])
def test_a_cell_that_there_is_not_is_refused(scope: Scope, cell: str) -> None:
    for report in COMPANIONS.values():
        assert report.behind
        with pytest.raises(ListError):
            report.behind(scope, cell)
