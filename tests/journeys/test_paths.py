"""Paths agree with a walk in plain Python over the same runs and events, whatever is asked."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import cycle, pairwise
from typing import Any

import pytest

from journeys import paths as module
from journeys.cursors import ListError, written
from journeys.lists import total
from journeys.paths import Asked, PathError, paths
from journeys.paths_lists import Cell, behind, with_cells
from journeys.paths_lists import labels as labels_of_cell
from journeys.period import Period
from journeys.scope import Scope
from journeys.segments import read
from journeys.statistics import difference
from store.event import Event
from tests.journeys.test_reports import DEFINITION, history, scope
from tests.journeys.walked import Walk, flow, walk

__all__ = ["scope"]

KEYS = [step.key for step in DEFINITION.steps]
ASKED: list[dict[str, Any]] = [
    {},
    {"collapse": False},
    {"depth": 2},
    {"anchor": "try"},
    {"anchor": "buy", "direction": "before"},
    {"anchor": "try", "direction": "before", "collapse": False, "depth": 3},
    {"outcome": "dropped"},
    {"until": "try"},
    {"until": "buy", "depth": 9},
    {"anchor": "ask", "until": "try", "collapse": False},
    {"part": "afterwards"},
    {"part": "afterwards", "anchor": "look"},
    {"part": "afterwards", "outcome": "failed", "collapse": False},
]


@pytest.fixture(scope="module")
def events_of() -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in sorted(history(), key=lambda one: (one.timestamp, one.sequence, one.event_id)):
        found.setdefault(str(event.identity), []).append(event)
    return found


def walks(scope: Scope, events_of: dict[str, list[Event]], asked: dict[str, Any]) -> list[Walk]:
    runs = scope.events.query(
        *scope.ask("runs.listed", slots=lambda _: {"times": "1", "stands_for": "1"}, **AFTER_ALL)
    )
    always = replace(scope, period=Period(0, 2**42))
    ever = scope.events.query(
        *always.ask("runs.listed", slots=lambda _: {"times": "1", "stands_for": "1"}, **AFTER_ALL)
    )
    assert len(ever) >= len(runs)
    ids = event_ids(scope)
    found = []
    for run in runs:
        told_run = {
            **run,
            "steps": [KEYS[k - 1] for k in run["walked"]],
            "ids": ids[run["customer"], run["number"]],
        }
        if asked.get("outcome") in (None, run["outcome"]):
            starts = [one["start"] for one in ever if one["customer"] == run["customer"]]
            args = asked if asked.get("part") else {"anchor": "look", **asked}
            until = scope.now if asked.get("part") else EVER
            own = [one for one in events_of[str(run["customer"])] if one.timestamp <= until]
            found.append(walk(told_run, own, starts, **args))
    return [one for one in found if one is not None]


EVER = 2**62  # a run that is stored has what came into it later, too
AFTER_ALL = {
    "after_start": 2**62,
    "after_customer": 2**63,
    "after_number": 0,
    "after_account": "",
    "most": 10_000,
}


def event_ids(scope: Scope) -> dict[tuple[int, int], list[bytes]]:
    sql, values = scope.ask("runs.count")
    wanted = "select customer, number, arrayMap(id -> hex(id), event_ids) as ids"
    rows = scope.events.query(sql.replace("select count() as n", wanted), values)
    return {(row["customer"], row["number"]): [bytes.fromhex(one) for one in row["ids"]] for row in rows}


def named(answer: dict[str, Any], number: str = "n") -> Counter[tuple[int, str, str]]:
    """A number of each node, by the node's place."""
    return +Counter({place(node): node[number] for node in answer["nodes"]})


def place(node: dict[str, Any]) -> tuple[int, str, str]:
    name = node["label"] if node["kind"] == "touchpoint" else node.get("outcome", "")
    return node["position"], node["kind"], name


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_paths_are_those_of_a_walk_through_the_events(
    scope: Scope, events_of: dict[str, list[Event]], asked: dict[str, Any]
) -> None:
    expected = flow(walks(scope, events_of, asked), depth=asked.get("depth", 5), most=50)
    found = paths(scope, most=50, **asked)
    assert found["coverage"] == 1
    places = {node["id"]: place(node) for node in found["nodes"]}
    assert named(found) == expected["nodes"]
    assert named(found, "repeats") == expected["repeats"]
    assert named(found, "returns") == expected["returns"]
    links = {(places[one["source"]], places[one["target"]]): one["n"] for one in found["links"]}
    assert links == expected["links"]
    assert len(links) > 5


@pytest.mark.parametrize(("asked", "most"), [*zip(ASKED, cycle((1, 3)), strict=False)], ids=str)
def test_rarer_labels_are_other_and_nothing_else_changes(
    scope: Scope, asked: dict[str, Any], most: int
) -> None:
    whole, part = paths(scope, most=50, **asked), paths(scope, most=most, **asked)
    with_cells(part, Asked(most=most, **asked))
    labels: dict[int, list[tuple[int, str]]] = {}
    for node in whole["nodes"]:
        if node["kind"] == "touchpoint":
            labels.setdefault(node["position"], []).append((node["n"], node["label"]))
    for position, counts in labels.items():
        nodes = {one["kind"]: one for one in part["nodes"] if one["position"] == position}
        shown = [one for one in part["nodes"] if one["position"] == position and one["kind"] == "touchpoint"]
        assert [one["n"] for one in shown] == sorted((n for n, _ in counts), reverse=True)[:most]
        rest = sum(n for n, _ in counts) - sum(one["n"] for one in shown)
        assert nodes.get("other", {"n": 0})["n"] == rest
        assert nodes.get("other", {"members": 0})["members"] == max(0, len(counts) - most)
        if position == max(labels) and "other" in nodes:
            alone = {one["label"] for one in shown}
            together = {label: n for n, label in counts if label not in alone}
            gathered = labels_of_cell(scope, nodes["other"]["cell"])
            assert {one["label"]: one["n"] for one in gathered["labels"]} == together
            for one in gathered["labels"]:
                assert total(scope, behind(scope, one["cell"])) == one["n"]
            assert gathered["total"] == nodes["other"]["members"] == len(together)
    ends = [
        {place(one): one["n"] for one in answer["nodes"] if one["kind"] == "end"} for answer in (whole, part)
    ]
    assert ends[0] == ends[1]
    assert whole["runs"] == part["runs"]


def test_an_event_a_page_and_a_screen_of_one_name_are_places_of_their_own(scope: Scope) -> None:
    asked = Asked(depth=2, most=50)
    nodes = with_cells(paths(scope, depth=2, most=50), asked)["nodes"]
    first = {node["label"]: node for node in nodes if node["position"] == 1}
    for label in ("Wander", "page:Wander", "screen:Wander", "/rest", "event:/rest"):
        which = behind(scope, first[label]["cell"])
        assert total(scope, which) == first[label]["n"] > 0
        assert which.title == f"Runs at “{label}”, 1 after"


def test_links_to_the_same_label_are_repeats(scope: Scope) -> None:
    found = paths(scope, collapse=False, most=50)
    labels = {node["id"]: (node["kind"], node["label"]) for node in found["nodes"]}
    for link in found["links"]:
        assert link["repeats"] == (labels[link["source"]] == labels[link["target"]])
    assert any(link["repeats"] for link in found["links"])
    assert not any(link["repeats"] for link in paths(scope)["links"])


def test_what_was_repeated_is_in_one_node_or_in_several(scope: Scope) -> None:
    apart, together = paths(scope, collapse=False, depth=1), paths(scope, depth=1)
    assert apart["runs"] == together["runs"]
    assert not any(node["repeats"] for node in apart["nodes"])
    assert any(node["repeats"] for node in together["nodes"])
    assert sum(1 for _ in pairwise(together["nodes"])) > 2


def test_every_place_and_way_has_the_runs_it_counts(scope: Scope) -> None:
    asked: list[dict[str, Any]] = [
        {"depth": 2, "most": 2},
        {"part": "afterwards", "depth": 1, "most": 2},
        {"until": "buy", "anchor": "try", "depth": 1},
        {"anchor": "buy", "direction": "before", "depth": 1, "against": "country:FR"},
    ]
    for one in asked:
        most = one.pop("most", 8)
        answer = with_cells(paths(scope, most=most, **segmented(one)), Asked(most=most, **segmented(one)))
        counted = [(each["cell"], each["n"]) for each in (*answer["nodes"], *answer["links"])]
        for each in (*answer["nodes"], *answer["links"]):
            if "against" in each:
                counted.append((each["against"]["cell"], each["against"]["n"]))
        assert len(counted) > 5
        for cell, n in random.Random(1).sample(counted, min(12, len(counted))):
            assert total(scope, behind(scope, cell)) == n, (one, cell)


def segmented(asked: dict[str, Any]) -> dict[str, Any]:
    return {**asked, "against": read(asked["against"])} if "against" in asked else asked


def test_two_segments_beside_each_other_are_the_same_as_each_by_itself(scope: Scope) -> None:
    mobile, desktop = (
        replace(scope, segment={"device": "mobile"}),
        replace(scope, segment={"device": "desktop"}),
    )
    both = paths(mobile, most=50, against={"device": "desktop"})
    one, other = paths(mobile, most=50), paths(desktop, most=50)
    assert (both["runs"], both["against_runs"]) == (one["runs"], other["runs"])
    numbers = {node["id"]: node["n"] for node in one["nodes"]}
    others = {node["id"]: node["n"] for node in other["nodes"]}
    for node in both["nodes"]:
        assert (node["n"], node["against"]["n"]) == (numbers.get(node["id"], 0), others.get(node["id"], 0))
        expected = difference(node["n"], one["runs"], node["against"]["n"], other["runs"])
        if node["kind"] == "anchor":
            continue
        for name in ("value", "low", "high"):
            assert node["difference"][name] == pytest.approx(float(getattr(expected, name)), abs=1e-6)
    assert any(node["difference"]["value"] for node in both["nodes"])
    assert both["overlap"]["n"] == 0


@pytest.mark.parametrize(("segment", "against"), [({"device": "mobile"}, {}), ({}, {"device": "mobile"})])
def test_a_segment_and_everybody_are_the_segment_and_the_rest(
    scope: Scope, segment: dict[str, str], against: dict[str, str]
) -> None:
    asked = Asked(against=against, most=3, depth=2)
    here = replace(scope, segment=segment)
    whole = with_cells(paths(here, most=3, depth=2, against=against), asked)
    rest = paths(replace(scope, segment={"device": "mobile"}), most=3, depth=2, against={"device": "desktop"})
    runs = rest["runs"]
    assert whole["overlap"]["n"] == runs
    assert total(here, behind(here, whole["overlap"]["cell"])) == runs
    others = [one for one in whole["nodes"] if one["kind"] == "other"]
    assert others
    for one in others:
        for cell, n in ((one["cell"], one["n"]), (one["against"]["cell"], one["against"]["n"])):
            gathered = labels_of_cell(here, cell)
            assert gathered["total"] == len(gathered["labels"]) <= one["members"], "of both groups together"
            assert all(each["n"] for each in gathered["labels"])
            assert sum(each["n"] for each in gathered["labels"]) == n
    shown = next(one for one in whole["nodes"] if one["kind"] == "touchpoint")
    assert labels_of_cell(here, shown["cell"]) == {"total": 0, "labels": []}
    numbers = [{one["id"]: one for one in answer["nodes"]} for answer in (whole, rest)]
    assert numbers[0].keys() == numbers[1].keys()
    for name, one in numbers[0].items():
        counted = [one["n"], one["against"]["n"]]
        expected = [numbers[1][name]["n"], numbers[1][name]["against"]["n"]]
        assert counted == (expected if segment else expected[::-1])
        assert one["difference"]["p"] == numbers[1][name]["difference"]["p"]
        for cell, n in ((one["cell"], counted[0]), (one["against"]["cell"], counted[1])):
            assert total(here, behind(here, cell)) == n


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"anchor": "none"}, "no step"),
        ({"anchor": "try", "until": "look"}, "is not after"),
        ({"until": "buy", "direction": "before"}, "run forwards"),
        ({"part": "afterwards", "until": "buy"}, "no step to end at"),
        ({"part": "afterwards", "outcome": "in_time"}, "not over"),
        ({"part": "never"}, "part"),
        ({"most": -1}, "at most 10000 touchpoints"),
    ],
)
def test_what_cannot_be_drawn_is_refused(scope: Scope, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(PathError, match=words):
        paths(scope, **asked)


def test_a_cell_that_is_none_is_refused(scope: Scope) -> None:
    places = ((1, "end", "bogus"), (-1, "touchpoint", "/"), (300, "other", ""), (0, "bogus", ""))
    made = [written(Cell("runs", Asked(), "segment", None, place)) for place in places]
    for cell in ("", "1 or 1", "bm9uc2Vuc2U=", *made):
        with pytest.raises(ListError):
            behind(scope, cell)


@pytest.mark.parametrize("asked", ASKED)
def test_who_has_very_many_runs_is_followed_like_all_others(
    scope: Scope, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = paths(scope, **asked)
    monkeypatch.setattr(module, "FEW_RUNS", 1)
    assert paths(scope, **asked) == expected
