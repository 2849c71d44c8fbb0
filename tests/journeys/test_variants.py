"""The ways that are not shown are told together, and every number of a way has its list."""

from __future__ import annotations

import pytest

from journeys.cursors import ListError
from journeys.definitions import parse
from journeys.filling import fill
from journeys.lists import listed, total
from journeys.period import Period
from journeys.rates import rate
from journeys.scope import Scope
from journeys.variants import VARIANTS, other_ways, table, variants
from store.events import EventStore
from store.projects import Project
from tests.journeys.test_frame import cells
from tests.journeys.test_runs_rule import ignore_progress, numbers, rows, version_of

BEGAN = 1_700_000_000_000
STEPS = [{"key": name, "name": name, "optional": name in "bc", "match": [{"event": name}]} for name in "abcd"]
DEFINITION = {"key": "j", "name": "J", "idle_timeout": "1d", "steps": STEPS}
WAYS = ["ad", "ad", "a", "abd", "ab", "acd", "abc"]


@pytest.mark.parametrize("unit", ["runs", "customers"])
def test_all_other_ways_stand_together_with_their_lists(events: EventStore, unit: str) -> None:
    project = next(numbers)
    history = [
        (who % 6, BEGAN + who * 86_400_000 * 3 + at, 0, name, "")
        for who, way in enumerate(WAYS)
        for at, name in enumerate(way)
    ]
    events.insert(rows(history, project), token=f"p{project}")
    version = version_of(DEFINITION, project)
    fill(events, version, progress=ignore_progress)
    period = Period(BEGAN, BEGAN + 100 * 86_400_000)
    scope = Scope(
        events, Project(project, "p", "P", "UTC"), version, parse(DEFINITION), period, {}, period.end
    )
    answer = variants(scope, unit=unit, most=2)
    other = answer["other"]
    assert (len(answer["variants"]), other["ways"] > 0) == (2, True)
    assert sum(one["n"] for one in answer["variants"]) + other["n"] == answer["runs"]
    won = sum(one["succeeded"]["n"] for one in answer["variants"]) + other["succeeded"]["n"]
    assert won == listed(scope, number="succeeded", unit=unit)["total"]
    in_time = listed(scope, number="in_time", unit=unit)["total"]
    told = [*(one["success_rate"] for one in answer["variants"]), other["success_rate"]]
    assert sum(one["in_time"] for one in told) == in_time
    for one in (*answer["variants"], other):
        assert one["share"] == rate(one["n"], answer["runs"])
        expected = rate(one["succeeded"]["n"], one["n"])
        found = one["success_rate"]
        assert {name: found[name] for name in expected} == expected
        assert found["at_most"] == round((one["succeeded"]["n"] + found["in_time"]) / one["n"], 6)
    assert answer["variants"][1]["cumulative"] == rate(answer["runs"] - other["n"], answer["runs"])
    behind_numbers = set(cells(answer))
    assert len(behind_numbers) == 13
    behind = VARIANTS.behind
    assert behind
    for cell, n in behind_numbers:
        assert total(scope, behind(scope, cell), unit=unit) == n, cell
    assert other_ways(scope, answer["variants"][0]["cell"]) == {"total": 0, "ways": []}
    head, lines = table(answer)
    last = dict(zip(head, list(lines)[-1], strict=True))
    assert (last["steps"], last["runs"], last["succeeded"]) == (
        "(other)",
        other["n"],
        other["succeeded"]["n"],
    )
    assert [last[f"share_{end}"] for end in ("low", "high")] == [
        other["share"][end] for end in ("low", "high")
    ]
    for cell in ("other:months:2", "other:runs:many", "succeeded:nowhere", "in_time:nowhere", ":a"):
        with pytest.raises(ListError):
            behind(scope, cell)
    with pytest.raises(ListError):
        other_ways(scope, "other:runs:many")
