"""Segments side by side: numbers are those of lists and funnels, differences those of the statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from journeys.breakdown import breakdown
from journeys.comparison import COMPARISON, Cell, behind, comparison, size
from journeys.cursors import ListError, written
from journeys.funnel import OUTCOMES, UNITS, funnel
from journeys.lists import listed, total
from journeys.membership import Saved
from journeys.scope import Scope
from journeys.segments import SegmentError
from journeys.statistics import adjusted, difference, p_of_two_rates
from journeys.survival import survival
from tests.journeys.months import DAY, NOW

NEW = {"key": "new", "name": "New ones", "all": [{"journey": "j", "state": "never_entered"}]}
PHONE = {"key": "phone", "name": "On the phone", "all": [{"field": "device", "op": "eq", "value": "mobile"}]}
INSIDE = {
    "key": "inside",
    "name": "Busy",
    "all": [{"did": {"type": "track"}, "at_least": 2, "during": "run"}],
}
ASKED = "name:phone;not:phone;name:new;all"


@pytest.fixture
def scope(months: Scope) -> Scope:
    sources = {one["key"]: one for one in (NEW, PHONE, INSIDE)}
    return replace(months, saved=Saved(sources, {"j": months.version}))


def runs(scope: Scope, unit: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = listed(scope, unit=unit, cursor=cursor, most=500)
        yield from page["runs"]
        cursor = page["next"]
        if cursor is None:
            return


@pytest.mark.parametrize("unit", UNITS)
def test_each_segment_is_the_funnel_of_it(scope: Scope, unit: str) -> None:
    found = comparison(scope, unit=unit, segments=ASKED)
    segments: list[dict[str, str]] = [{"name": "phone"}, {"not": "phone"}, {"name": "new"}, {}]
    for group, segment in zip(found["segments"], segments, strict=True):
        alone = funnel(replace(scope, segment=segment), unit=unit)
        assert group["entered"]["n"] == alone["entered"]
        assert {how: group["outcomes"][how]["n"] for how in OUTCOMES} == alone["outcomes"]
        assert [one["progressed"]["n"] for one in group["steps"]] == [
            one["progressed"] for one in alone["steps"]
        ]
        assert group["seconds_to_goal"] == pytest.approx(alone["seconds_to_goal"])
        assert group["customers"] == alone["success_rate"]["customers"]
    phone, others, new, everyone = (one["entered"]["n"] for one in found["segments"])
    assert phone + others == everyone > new
    overlap = {tuple(one["of"]): one["n"] for one in found["overlap"]}
    assert overlap["name:phone", "not:phone"] == 0
    assert overlap["name:phone", "all"] == phone
    assert overlap["name:phone", "name:new"] + overlap["not:phone", "name:new"] == new


def test_every_number_has_its_list(scope: Scope) -> None:
    found = comparison(scope, unit="customers", segments="name:phone;name:new")
    first = found["segments"][0]
    numbers = [first["entered"], *first["outcomes"].values(), *(one["progressed"] for one in first["steps"])]
    for one in [*numbers, *found["overlap"]]:
        assert total(scope, behind(scope, one["cell"]), unit="customers") == one["n"], one
    assert found["overlap"][0]["n"]
    within = replace(scope, segment={"not": "phone"})
    assert comparison(within, unit="runs", segments="name:phone;name:new")["segments"][0]["entered"]["n"] == 0


def test_differences_are_corrected_for_all_that_are_shown(scope: Scope) -> None:
    found = comparison(scope, unit="runs", segments="name:phone;not:phone;name:new")["segments"]
    first, others = found[0], found[1:]
    told = [step["against_first"] for one in others for step in one["steps"][1:]]
    own = np.array([step["progressed"]["n"] for one in others for step in one["steps"][1:]])
    n = np.repeat([one["entered"]["n"] for one in others], len(first["steps"]) - 1)
    theirs = np.tile([step["progressed"]["n"] for step in first["steps"][1:]], len(others))
    p = p_of_two_rates(own, n, theirs, first["entered"]["n"])
    apart = difference(own, n, theirs, first["entered"]["n"])
    assert [one["p"] for one in told] == pytest.approx(list(p))
    assert [one["p_adjusted"] for one in told] == pytest.approx(list(adjusted(p)))
    assert [one["low"] for one in told] == pytest.approx(list(apart.low))
    assert [one["against_first"] for one in others] == [one["steps"][-1]["against_first"] for one in others]
    assert first["against_first"] is None
    assert all(one["steps"][0]["against_first"] is None for one in found)


@pytest.mark.parametrize(
    "text", ["name:phone", "device:a;device:b;device:c;device:d;device:e;device:f", "shoe:1;all"]
)
def test_two_to_five_different_ones_can_be_compared(scope: Scope, text: str) -> None:
    with pytest.raises(SegmentError):
        comparison(scope, unit="runs", segments=text)


def test_nobody_and_the_unknown(scope: Scope) -> None:
    found = comparison(scope, unit="runs", segments="country:XX;name:inside")["segments"]
    assert found[0]["entered"]["n"] == 0
    assert found[0]["small"]
    assert found[1]["against_first"]["value"] is None
    assert [one["looks_inside"] for one in found] == [False, True]
    with pytest.raises(SegmentError, match="no saved segment 'nobody'"):
        comparison(scope, unit="runs", segments="name:nobody;all")
    unknown = (("nothing", "", ["all"]), ("progressed", "nowhere", ["all"]), ("entered", "", ["all"] * 3))
    for cell in ("", "entered|", *(written(Cell(*one)) for one in unknown)):
        with pytest.raises(ListError, match="no cell of the comparison"):
            behind(scope, cell)


def test_without_a_choice_saved_segments_stand_side_by_side(scope: Scope) -> None:
    assert [one["text"] for one in comparison(scope, unit="runs")["segments"]] == [
        "name:new",
        "name:phone",
        "name:inside",
    ]
    one = replace(scope, saved=Saved({"phone": PHONE}))
    assert [group["text"] for group in comparison(one, unit="runs")["segments"]] == [
        "name:phone",
        "not:phone",
    ]
    none = replace(scope, saved=Saved())
    assert all(group["text"].startswith("device:") for group in comparison(none, unit="runs")["segments"])


def test_the_file_has_a_line_for_each_step(scope: Scope) -> None:
    answer = comparison(scope, unit="runs", segments="name:phone;not:phone")
    head, rows = COMPARISON.table(answer)
    table = [dict(zip(head, row, strict=True)) for row in rows]
    both, steps = table.pop(), len(scope.definition.steps)
    assert (both["name"], both["entered"]) == ("in both", answer["overlap"][0]["n"])
    assert len(table) == 2 * steps
    assert [row["difference"] is None for row in table[:steps]] == [True] * steps
    assert table[-1]["difference"] == answer["segments"][1]["against_first"]["value"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_breakdown_by_a_saved_segment_adds_up(scope: Scope, unit: str) -> None:
    found = breakdown(scope, "segment:phone", unit=unit)
    sizes = {one["value"]: one["entered"] for one in found["groups"]}
    for value, name in (("in", "name"), ("not in", "not")):
        assert sizes.get(value, 0) == funnel(replace(scope, segment={name: "phone"}), unit=unit)["entered"]
    assert found["entered"] == funnel(scope, unit=unit)["entered"]
    assert found["moment"] == "whether the run belongs to “On the phone”"


def test_other_reports_take_saved_segments(scope: Scope) -> None:
    curves = survival(scope, against=[{"name": "phone"}])["curves"]
    assert [one["name"] for one in curves] == ["All", "name: On the phone"]
    assert curves[1]["n"] == size(scope, "phone")["runs"]
    assert size(scope, "phone")["customers"] == len(
        {one["customer"] for one in runs(replace(scope, segment={"name": "phone"}), "runs")}
    )


def test_as_of_a_moment_the_customers_of_then_are_asked(scope: Scope) -> None:
    then = replace(scope, as_of=NOW - DAY)
    found = comparison(then, unit="runs", segments="name:phone;name:inside")
    assert found["segments"][0]["entered"]["n"] == size(scope, "phone")["runs"]
    cell = found["segments"][1]["entered"]
    assert total(then, behind(then, cell["cell"])) == cell["n"] > 0
    with pytest.raises(SegmentError, match="leave out as_of"):
        comparison(then, unit="runs", segments="name:new;all")
