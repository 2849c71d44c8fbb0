"""The share that comes within a time is right also while runs are open, between any steps, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import stats

from journeys.funnel import UNITS, funnel
from journeys.lists import listed
from journeys.period import Period
from journeys.scope import Scope
from journeys.segments import SegmentError
from journeys.survival import SurvivalError, survival
from tests.journeys.months import DAY, NOW, START

WINDOW_S = 20 * 86_400


def runs(scope: Scope) -> Iterator[dict[str, Any]]:
    """Every run of the scope, from the lists."""
    cursor = None
    while True:
        page = listed(scope, cursor=cursor, most=500)
        yield from page["runs"]
        cursor = page["next"]
        if cursor is None:
            return


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def by_hand(scope: Scope, origin: str, target: str) -> list[tuple[float, bool]]:
    """Of each run that took the origin: how long to the target, or how long watched, and whether it came."""
    found = []
    for run in runs(scope):
        when = {step["key"]: at(step["at"]) for step in run["steps"]}
        if origin not in when:
            continue
        if target in when:
            found.append((when[target] - when[origin], True))
        else:
            found.append((min(NOW / 1000, at(run["start"]) + WINDOW_S) - when[origin], False))
    return found


def shortened(seconds: float) -> float:
    """The time as the store tells it: the first four digits of its milliseconds."""
    text = str(round(seconds * 1000))
    return int(text[:4].ljust(len(text), "0")) / 1000


def kaplan_meier(rows: list[tuple[float, bool]]) -> Any:
    sample = stats.CensoredData(
        uncensored=[t for t, came in rows if came], right=[t for t, came in rows if not came]
    )
    return stats.ecdf(sample).cdf


@pytest.mark.parametrize(("origin", "target"), [("look", "buy"), ("look", "ask"), ("ask", "buy")])
def test_the_curve_is_that_of_the_listed_runs(months: Scope, origin: str, target: str) -> None:
    (curve,) = survival(months, origin=origin, target=target)["curves"]
    rows = by_hand(months, origin, target)
    wanted = kaplan_meier(rows)
    assert curve["n"] == len(rows)
    assert curve["came"] == sum(came for _, came in rows)
    assert len(curve["points"]) <= 200
    in_four_digits = kaplan_meier([(shortened(t), came) for t, came in rows])
    for point in curve["points"]:
        assert point["value"] == pytest.approx(float(in_four_digits.evaluate(point["seconds"])), abs=1e-6)
        near = wanted.evaluate(point["seconds"] * np.array([0.9995, 1.0015]))
        assert near[0] - 5e-4 <= point["value"] <= near[1] + 5e-4
        assert point["low"] <= point["value"] <= point["high"]
    assert all(one["seconds"] < later["seconds"] for one, later in pairwise(curve["points"]))


def test_open_runs_do_not_pull_the_share_down(months: Scope) -> None:
    """Runs of the last days have mostly not ended: their plain rate is low, what is to be expected is not."""
    young = replace(months, period=Period(NOW - 12 * DAY, NOW))
    old = replace(months, period=Period(START, NOW - 30 * DAY))
    expected = survival(old)["curves"][0]["share"]["value"]
    (curve,) = survival(young)["curves"]
    plain = curve["came"] / curve["n"]
    assert plain < expected - 0.05
    assert abs(curve["share"]["value"] - expected) < abs(plain - expected)
    assert curve["share"]["low"] <= expected <= curve["share"]["high"]


def test_leavers_do_not_push_the_share_up(months: Scope) -> None:
    """Where every run had its whole time, the share is the plain one, however many were dropped."""
    old = replace(months, period=Period(START, NOW - 21 * DAY))
    (curve,) = survival(old)["curves"]
    assert curve["watched"] == WINDOW_S
    assert curve["share"]["value"] == pytest.approx(curve["came"] / curve["n"], abs=1e-6)


def test_segments_are_compared_as_by_hand(months: Scope) -> None:
    mobile, desktop = {"device": "mobile"}, {"device": "desktop"}
    found = survival(replace(months, segment=mobile), against=[desktop])
    assert [curve["name"] for curve in found["curves"]] == ["device: mobile", "device: desktop"]
    parts = [by_hand(replace(months, segment=one), "look", "buy") for one in (mobile, desktop)]
    samples = [
        stats.CensoredData(uncensored=[t for t, came in rows if came], right=[t for t, c in rows if not c])
        for rows in parts
    ]
    (test,) = found["tests"]
    assert test["p"] == pytest.approx(stats.logrank(*samples).pvalue, rel=0.02)
    assert test["p"] < 0.001, "the data was made so"
    compared = survival(months, compare="device")
    assert {curve["name"] for curve in compared["curves"]} == {"device: mobile", "device: desktop"}
    assert sum(curve["n"] for curve in compared["curves"]) == survival(months)["curves"][0]["n"]
    assert compared["tests"][0]["p"] == pytest.approx(test["p"])


def test_more_than_two_are_tested_in_pairs_and_corrected(months: Scope) -> None:
    found = survival(months, compare="country")
    assert len(found["curves"]) == len(found["tests"]) == 3
    p = [one["p"] for one in found["tests"]]
    assert [one["p_adjusted"] for one in found["tests"]] == pytest.approx(stats.false_discovery_control(p))


@pytest.mark.parametrize("unit", UNITS)
def test_whoever_is_counted_is_watched(months: Scope, unit: str) -> None:
    (curve,) = survival(months, unit=unit)["curves"]
    whole = funnel(months, unit=unit)
    assert (curve["n"], curve["came"]) == (whole["entered"], whole["outcomes"]["succeeded"])


def test_nobody_has_no_curve(months: Scope) -> None:
    nobody = replace(months, segment={"device": "watch"})
    (curve,) = survival(nobody)["curves"]
    assert (curve["n"], curve["points"], curve["share"]["value"]) == (0, [], None)
    assert survival(nobody, against=[{"device": "mobile"}])["tests"] == []


def test_few_are_called_few(months: Scope) -> None:
    few = replace(months, period=Period(START, START + 2 * DAY))
    (curve,) = survival(few)["curves"]
    assert 0 < curve["n"] < 30
    assert curve["small"]
    assert not survival(months)["curves"][0]["small"]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"origin": "none"}, SurvivalError),
        ({"origin": "buy", "target": "look"}, SurvivalError),
        ({"origin": "ask", "target": "ask"}, SurvivalError),
        ({"compare": "shoe"}, SegmentError),
        ({"unit": "people"}, SurvivalError),
        ({"against": [{"shoe": "42"}]}, SegmentError),
        ({"compare": "device", "against": [{"device": "mobile"}]}, SurvivalError),
        ({"against": [{"country": f"C{n}"} for n in range(5)]}, SurvivalError),
    ],
)
def test_what_cannot_be_asked_is_refused(months: Scope, asked: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        survival(months, **asked)
