"""What comes after the moment of a report is in none of its numbers, nor in their lists."""

from __future__ import annotations

from typing import Any

from journeys.definitions import parse
from journeys.dropoffs import behind as behind_dropoffs
from journeys.dropoffs import dropoffs
from journeys.filling import fill
from journeys.flows import ENDS
from journeys.funnel import funnel
from journeys.lists import listed, total
from journeys.overview import heads
from journeys.paths import paths
from journeys.period import Period
from journeys.scope import Scope
from store.events import EventStore
from store.projects import Project
from tests.journeys.test_runs_rule import ignore_progress, numbers, rows, version_of

BEGAN = 1_700_000_000_000
DEFINITION = {
    "key": "j",
    "name": "J",
    "idle_timeout": "1d",
    "steps": [{"key": name, "name": name, "match": [{"event": name}]} for name in ("a", "b")],
    "fail_on": [{"event": "x"}],
}
AGAIN, NOTHING = ENDS["again"], ENDS["nothing"]
History = list[tuple[int, int, int, str, str]]


def asked(events: EventStore, history: History, now: int) -> Scope:
    project = next(numbers)
    events.insert(rows(history, project), token=f"p{project}")
    version = version_of(DEFINITION, project)
    fill(events, version, progress=ignore_progress)
    period = Period(BEGAN, BEGAN + 86_400_000)
    return Scope(events, Project(project, "p", "P", "UTC"), version, parse(DEFINITION), period, {}, now)


def ends(answer: dict[str, Any]) -> dict[str, int]:
    """How many ways end in what, and pass which touchpoints."""
    return {one["label"]: one["n"] for one in answer["nodes"] if one["kind"] != "anchor"}


def test_a_run_that_begins_later_is_in_no_number_and_no_list(events: EventStore) -> None:
    history = [
        (1, BEGAN, 0, "a", ""),
        (2, BEGAN + 1_000, 0, "a", ""),
        (3, BEGAN + 1_001, 0, "a", ""),
    ]
    for now, n in ((BEGAN + 1_000, 2), (BEGAN + 1_001, 3)):
        scope = asked(events, history, now)
        assert funnel(scope)["entered"] == n
        assert listed(scope)["total"] == n
        found = heads(events, scope.project.id, [scope.version], scope.period, now=now)
        assert found[scope.version.id]["entered"] == n


def test_paths_end_at_the_moment_of_the_report(events: EventStore) -> None:
    history = [
        (1, BEGAN, 0, "a", ""),
        (1, BEGAN + 10, 0, "x", ""),
        (1, BEGAN + 15, 0, "c", ""),
        (1, BEGAN + 20, 0, "a", ""),
    ]
    for now, expected in (
        (BEGAN + 14, {NOTHING: 1}),
        (BEGAN + 15, {"c": 1, NOTHING: 1}),
        (BEGAN + 20, {"c": 1, AGAIN: 1}),
    ):
        assert ends(paths(asked(events, history, now), part="afterwards")) == expected


def test_who_begins_again_in_the_moment_of_failing_began_again_in_paths_and_in_drop_offs(
    events: EventStore,
) -> None:
    history = [
        (1, BEGAN, 0, "a", ""),
        (1, BEGAN + 10, 0, "x", ""),
        (1, BEGAN + 10, 1, "a", ""),
        (1, BEGAN + 11, 0, "c", ""),
        (2, BEGAN, 0, "a", ""),
        (2, BEGAN + 10, 0, "x", ""),
        (2, BEGAN + 11, 0, "c", ""),
    ]
    scope = asked(events, history, BEGAN + 3_600_000)
    after = ends(paths(scope, part="afterwards"))
    assert after[AGAIN] == 1
    around = dropoffs(scope, step="a")["next"]
    told = {one["kind"]: one for one in around["rows"]}
    assert {kind: one["n"] for kind, one in told.items()} == {"again": 1, "value": 1}
    assert told["again"]["median_seconds"] == 0
    assert total(scope, behind_dropoffs(scope, told["again"]["cell"])) == 1
