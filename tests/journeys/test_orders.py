"""Every report holds where the steps of a journey are strict, and where any order will do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from journeys.companions import COMPANIONS
from journeys.conformance import conformance
from journeys.cursors import ListError
from journeys.definitions import DefinitionError, lean, parse, parse_yaml, to_yaml
from journeys.filling import fill
from journeys.funnel import OUTCOMES, funnel
from journeys.lists import AT_STEP, listed, total
from journeys.lists import counted as counted_by
from journeys.paths import paths
from journeys.period import Period, iso
from journeys.preview import preview
from journeys.report import Report
from journeys.reports import REPORTS
from journeys.scope import Scope
from journeys.survival import survival
from journeys.timing import timing
from journeys.trend import trend
from journeys.variants import variants
from journeys.zero import zero
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from tests.journeys.test_frame import cells
from tests.journeys.test_reports import (
    DEFINITION,
    NOW,
    PERIOD,
    PROJECT,
    conserved,
    history,
    small,
)

STEPS = [{**step, "optional": False} for step in DEFINITION.source["steps"]]
IN = {
    "strict": parse({**DEFINITION.source, "order": "strict"}),
    "any": parse({**DEFINITION.source, "order": "any", "steps": STEPS}),
}
LISTS = 2  # of each report; that every number has its list is tested in the usual order
NAMES = {"look": "Look", "ask": "Ask", "try": "Try", "buy": "Buy"}


@pytest.fixture(scope="module", params=["strict", "any"])
def scope(request: pytest.FixtureRequest, shared_events: EventStore) -> Iterator[Scope]:
    """The journey of the reports' tests, in another order."""
    events = shared_events.sibling(f"t_order_{request.param}")
    migrate_events(events)
    events.insert(history(), token="t")
    rule = IN[request.param]
    version = JourneyVersion(1, 1, 1, 1, dict(rule.source), "live", 0, 0, "", 0)
    fill(events, version, progress=lambda done, total: None)
    yield Scope(events, PROJECT, version, rule, PERIOD, {}, NOW)
    events.command(f"drop database t_order_{request.param}")
    events.close()


@pytest.fixture(params=["runs", "customers", "accounts"])
def unit(request: pytest.FixtureRequest) -> str:
    return request.param


def test_sums_hold_and_lists_match(scope: Scope, unit: str) -> None:
    found = funnel(scope, unit=unit)
    assert found["order"] == scope.rule.order
    assert all(found["outcomes"][how] > 0 for how in OUTCOMES), "the data must show every outcome"
    assert found["steps"][0]["progressed"] == found["entered"] == sum(found["outcomes"].values())
    assert found["steps"][-1]["progressed"] == found["outcomes"]["succeeded"]
    for step, following in pairwise(found["steps"]):
        ended = step["dropped_here"] + step["failed_here"] + step["in_time_here"]
        assert step["progressed"] - following["progressed"] == ended
    for place, step in enumerate(found["steps"]):
        step["left_here"] = step["dropped_here"] + step["failed_here"]
        step["may_come"] = step["rate_from_start"]["in_time"]
        for number in list(AT_STEP)[place % 2 :: 2]:  # each of two steps, by turns
            assert total(scope, counted_by(scope, number, step["key"]), unit=unit) == step[number]
    for step in found["taken"]:
        answer = listed(scope, number="taken", step=step["key"], unit=unit, most=10_000)
        assert answer["total"] == len(answer["runs"]) == step["n"] > 0
        assert all(step["key"] in [one["key"] for one in run["steps"]] for run in answer["runs"])


@pytest.mark.parametrize(
    "report", [one for one in REPORTS if one not in COMPANIONS.values()], ids=lambda one: one.name
)
def test_every_number_of_a_report_has_its_list_and_its_file(scope: Scope, report: Report) -> None:
    answer = report.ask(scope, report.arguments({}), unit="runs")
    found = list(cells(answer))
    assert found
    assert report.behind
    some = random.Random(report.name).sample(found, min(len(found), LISTS))
    for cell, n in some:
        assert total(scope, report.behind(scope, cell)) == n, cell
    cell, n = some[0]
    assert len(listed(scope, which=report.behind(scope, cell), most=10_000)["runs"]) == n
    head, rows = report.table(answer)
    assert all(len(row) == len(head) for row in rows)


@pytest.mark.parametrize("report", COMPANIONS.values(), ids=lambda one: one.name)
def test_two_periods_are_compared_at_one_age(scope: Scope, report: Report) -> None:
    middle = (PERIOD.start + PERIOD.end) // 2
    asked = report.arguments({"before_from": iso(PERIOD.start), "before_to": iso(middle)})
    answer = report.ask(replace(scope, period=Period(middle, PERIOD.end)), asked, unit="runs")
    assert bool(answer["age"]) == (report.name != "retention_beside")
    for cell, n in random.Random(3).sample(found := list(cells(answer)), min(len(found), LISTS)):
        assert report.behind
        assert listed(scope, which=report.behind(scope, cell))["total"] == n, cell


def test_the_other_reports_agree_with_the_funnel(scope: Scope, unit: str) -> None:
    counted = funnel(scope, unit=unit)
    times = timing(scope, unit=unit)
    assert times["goal"]["n"] == counted["outcomes"]["succeeded"]
    assert [one["n"] for one in times["steps"]] == [one["visited"] for one in counted["steps"][1:]]
    assert trend(scope, unit=unit)["outcomes"] == counted["outcomes"]
    curve = survival(scope, unit=unit)["curves"][0]
    assert (curve["n"], curve["came"]) == (counted["entered"], counted["outcomes"]["succeeded"])
    for step in counted["steps"] if unit == "runs" else counted["steps"][1:2]:
        found = paths(scope, unit=unit, anchor=step["key"], depth=4, most=3)
        assert found["runs"] == step["visited"]
        conserved(found, depth=4)


def test_variants_are_the_ways_before_the_last_step(scope: Scope) -> None:
    ways = Counter[tuple[str, ...]]()
    for run in listed(scope, most=10_000)["runs"]:
        took = [step["key"] for step in run["steps"]]
        ways[tuple(took[:-1] if run["outcome"] == "succeeded" else took)] += 1
    found = variants(scope, most=1_000)["variants"]
    assert {tuple(one["steps"]): one["n"] for one in found} == ways


def test_a_preview_equals_the_stored_runs(scope: Scope) -> None:
    found = preview(scope.events, PROJECT, scope.rule, period=PERIOD, now=NOW)
    stored = funnel(scope)
    assert {**found["funnel"], "version": 1} == stored
    assert [one["step"] for one in found["zero"]] == [step.key for step in scope.rule.steps]


def test_why_zero_speaks_of_the_steps_and_of_who_took_them(scope: Scope) -> None:
    found = {one["step"]: one for one in zero(scope)["steps"]}
    taken = Counter[str](step["key"] for run in listed(scope, most=10_000)["runs"] for step in run["steps"])
    for step in scope.rule.steps:
        one = found[step.key]
        assert one["customers"] >= one["in_order"] >= one["in_time"] > 0
        if scope.rule.order == "any":
            assert one["progressed"]["n"] == taken[step.key]
            assert one["customers"] == one["in_order"] == one["in_time"], "any touchpoint may open a run"


def test_the_first_place_has_every_step_and_the_last_all(events: EventStore) -> None:
    rows = [("track", NAMES[key]) for key in ("buy", "look", "buy", "try", "ask", "try")]
    scope = small(events, rows, {"steps": STEPS, "order": "any"})
    first, second = listed(scope)["runs"][::-1]
    assert [step["key"] for step in first["steps"]] == ["buy", "look", "try", "ask"]
    assert (first["outcome"], first["furthest"], first["repeats"]) == ("succeeded", "taken-4", 1)
    assert not first["shortcut"]
    assert [step["key"] for step in second["steps"]] == ["try"]
    assert [step.name for step in scope.definition.steps] == [
        *("1 step taken", "2 steps taken", "3 steps taken", "All 4 steps taken")
    ]
    assert {one["key"]: one["n"] for one in funnel(scope)["taken"]} == {
        **dict.fromkeys(("look", "ask", "buy"), 1),
        "try": 2,
    }


def test_in_strict_order_whatever_is_not_the_next_step_ends_the_run(events: EventStore) -> None:
    rows = [("track", name) for name in ("Look", "Buy", "Look", "Look", "Other", "Try", "Buy")]
    scope = small(events, rows, {"steps": list(DEFINITION.source["steps"]), "order": "strict"})
    runs = listed(scope)["runs"][::-1]
    assert [run["outcome"] for run in runs] == ["dropped", "dropped", "succeeded"]
    assert [[step["key"] for step in run["steps"]] for run in runs] == [
        ["look"],
        ["look"],
        ["look", "try", "buy"],
    ]
    assert [(run["repeats"], run["shortcut"]) for run in runs] == [(1, True), (1, False), (0, False)]
    kinds = {one["kind"]: one["n"] for one in conformance(scope, unit="runs")["deviations"]}
    assert kinds == {"any": 2, "repeated": 1, "shortcut": 1, "missing": 1}


@pytest.mark.parametrize(
    ("order", "steps", "problem"),
    [
        ("random", STEPS, "order"),
        ("any", DEFINITION.source["steps"], "every step is required"),
    ],
)
def test_an_order_that_cannot_be_is_refused(order: str, steps: list[Any], problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        parse({**DEFINITION.source, "order": order, "steps": steps})


def test_in_any_order_the_first_step_may_have_a_limit() -> None:
    steps = [{**STEPS[0], "within": "1h"}, *STEPS[1:]]
    assert parse({**DEFINITION.source, "order": "any", "steps": steps}).steps[0].within == 3_600_000
    with pytest.raises(DefinitionError, match="cannot have within"):
        parse({**DEFINITION.source, "order": "strict", "steps": steps})


def test_the_usual_order_is_not_written_down() -> None:
    assert "order" not in lean(DEFINITION.source)
    for rule in IN.values():
        assert parse_yaml(to_yaml(rule)) == rule


def test_a_step_by_name_is_asked_for_where_it_is_taken(scope: Scope) -> None:
    with pytest.raises(ListError, match="give one of look, ask, try, buy"):
        listed(replace(scope), number="taken", step="nowhere")
