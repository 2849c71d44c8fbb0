"""Paths of real and made logs are those that other programs find.

They follow a user from the first event to the last; a journey follows runs. So each user's history is put
between two further events, `Arrived` and `Gone`, which are the steps, and what lies between is compared.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from journeys.paths import paths
from journeys.scope import Scope
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from tests.journeys.test_expected_answers import load, scope

ARRIVED, GONE = "Arrived", "Gone"
START = 1_700_000_000_000


def journey(first: dict[str, str]) -> dict[str, Any]:
    return {
        "steps": [
            {"key": "arrived", "name": ARRIVED, "match": [first]},
            {"key": "gone", "name": GONE, "match": [{"event": GONE}]},
        ],
        "idle_timeout": "365d",
    }


def event(user: str, name: str, at: int, *, type: str = "track") -> Event:
    written = f"{user} {name} {at}"
    return Event(
        project=1,
        event_id=event_id(written),
        message_id=written,
        type=type,
        event=name if type == "track" else "",
        path=name if type == "page" else "",
        timestamp=at,
        received_at=at,
        user_id=user,
        identity=identity_hash("user", user),
    )


def enclosed(events: EventStore) -> None:
    """Put every user's history between the two events."""
    rows = events.query(
        "select user_id as user, toUnixTimestamp64Milli(min(timestamp)) as first, "
        "toUnixTimestamp64Milli(max(timestamp)) as last from events group by user_id"
    )
    around = [event(row["user"], ARRIVED, row["first"] - 1) for row in rows]
    events.insert([*around, *(event(row["user"], GONE, row["last"] + 1) for row in rows)], token="around")


def between(asked: Scope, **more: Any) -> dict[str, Any]:
    return paths(asked, until="gone", depth=12, most=50, collapse=False, **more)


def first_labels(answer: Mapping[str, Any]) -> dict[str, int]:
    return {
        one["label"]: one["n"]
        for one in answer["nodes"]
        if (one["position"], one["kind"]) == (1, "touchpoint")
    }


def transitions(answer: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    labels = {one["id"]: one["label"] for one in answer["nodes"] if one["kind"] == "touchpoint"}
    sums = Counter[tuple[str, str]]()
    for link in answer["links"]:
        if link["source"] in labels and link["target"] in labels:
            sums[labels[link["source"]], labels[link["target"]]] += link["n"]
    return dict(sums)


def test_transitions_of_loan_applications_are_those_that_process_mining_finds(
    events: EventStore, shared_data: Path
) -> None:
    load(events, shared_data / "loan_applications.csv.gz", "case_id", lifecycle="COMPLETE")
    events.command("alter table events delete where not startsWith(event, 'A_') settings mutations_sync = 2")
    enclosed(events)
    answer = between(scope(events, journey({"event": ARRIVED})))
    mined = json.loads((shared_data / "expected" / "loan_applications_A_complete.json").read_text())["pm4py"]
    assert answer["runs"] == mined["cases"]
    assert transitions(answer) == {(one, other): n for one, other, n in mined["dfg"]}
    assert first_labels(answer) == mined["start_activities"]
    ends = Counter[str]()
    labels = {one["id"]: one["label"] for one in answer["nodes"]}
    for link in answer["links"]:
        if link["target"].endswith(":end:reached"):
            ends[labels[link["source"]]] += link["n"]
    assert ends == mined["end_activities"]


LOAN = ("loan_applications_A_complete.json", "loan_applications.csv.gz", "case_id")
SHOP = ("ecom.json", "ecom.csv.gz", "user_id")
STRETCH = 12  # touchpoints that paths follow from a step


@pytest.mark.parametrize(
    ("file", "log", "who", "within"),
    [(*SHOP, "user"), (*SHOP, "session_30m"), (*LOAN, "session_30m")],
    ids=["shop, user", "shop, session", "loan, session"],
)
def test_transitions_of_long_histories_are_those_that_others_count(
    events: EventStore, shared_data: Path, file: str, log: str, who: str, within: str
) -> None:
    """Each history is cut in stretches as long as paths are, which begin with the last of the one before."""
    expected = json.loads((shared_data / "expected" / file).read_text())["duckdb_and_python"]
    rows = []
    for number, labels in enumerate(histories(shared_data / log, who, is_cut=within != "user")):
        for first in range(0, len(labels) - 1, STRETCH - 1):
            stretch = [ARRIVED, *labels[first : first + STRETCH], GONE]
            user = f"{number} {first}"
            rows += [event(user, name, START + at * 60_000) for at, name in enumerate(stretch)]
    events.insert(rows, token="stretches")
    answer = between(scope(events, journey({"event": ARRIVED})))
    assert transitions(answer) == told(expected[f"transitions_within_{within}"])


def histories(log: Path, who: str, *, is_cut: bool) -> Iterator[list[str]]:
    """The events of each customer in the order of the file's times, cut at pauses of more than 30 minutes."""
    found = defaultdict[str, list[tuple[datetime, str]]](list)
    with gzip.open(log, "rt") as lines:
        for row in csv.DictReader(lines):
            if who == "user_id" or (row["lifecycle"] == "COMPLETE" and row["event"].startswith("A_")):
                found[row[who]].append((datetime.fromisoformat(row["timestamp"]), row["event"]))
    for own in found.values():
        own.sort(key=lambda pair: pair[0])
        cuts = [
            at
            for at, ((before, _), (after, _)) in enumerate(pairwise(own), 1)
            if is_cut and after - before > timedelta(minutes=30)
        ]
        for first, end in pairwise([0, *cuts, len(own)]):
            yield [name for _, name in own[first:end]]


def test_users_of_a_shop_begin_and_end_where_others_see_them(events: EventStore, shared_data: Path) -> None:
    load(events, shared_data / "ecom.csv.gz", "user_id")
    enclosed(events)
    asked = scope(events, journey({"event": ARRIVED}))
    mined = json.loads((shared_data / "expected" / "ecom.json").read_text())["pm4py"]
    assert first_labels(between(asked)) == mined["start_activities"]
    assert first_labels(paths(asked, direction="before", depth=1, most=50)) == mined["end_activities"]


def walked(
    events: EventStore, histories: Mapping[str, Iterable[str]], first: dict[str, str], kind: str
) -> Scope:
    """A journey over histories of labels, a minute between them."""
    for user, labels in histories.items():
        names = [label.rstrip("/") or "/" for label in labels]
        rows = [event(user, name, START + at * 60_000, type=kind) for at, name in enumerate(names)]
        events.insert(rows, token=user)
    enclosed(events)
    return scope(events, journey(first))


def links(answer: Mapping[str, Any], *, anchor: str = "") -> dict[tuple[str, str], int]:
    """Links as PostHog names them: `1_/` is the page or event at the first place; an anchor is one itself."""
    shift = 1 if anchor else 0

    def name(one: Mapping[str, Any]) -> str:
        return anchor if one["kind"] == "anchor" else one["label"].removeprefix("event:")

    names = {
        one["id"]: f"{one['position'] + shift}_{name(one)}"
        for one in answer["nodes"]
        if one["kind"] == "touchpoint" or (anchor and one["kind"] == "anchor")
    }
    return {
        (names[one["source"]], names[one["target"]]): one["n"]
        for one in answer["links"]
        if one["source"] in names and one["target"] in names
    }


def told(expected: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    return {(one, other): n for one, other, n in expected}


def cases(shared_data: Path) -> dict[str, Any]:
    return {
        one["name"]: one
        for one in json.loads((shared_data / "vectors/paths_posthog.json").read_text())["cases"]
    }


def test_pages_of_people_are_those_of_posthog(events: EventStore, shared_data: Path) -> None:
    case = cases(shared_data)["current_url_paths_with_two_distinct_ids_one_person"]
    owner = {one: person for person, ids in case["persons"].items() for one in ids}
    histories: dict[str, list[str]] = {}
    for who, page, _ in sorted(case["events"], key=lambda row: row[2]):
        histories.setdefault(owner[who], []).append(page)
    asked = walked(events, histories, {"event": ARRIVED}, "page")
    assert links(between(asked)) == told(case["expected"])


@pytest.mark.parametrize("name", ["custom_event_paths", "properties_filter_browser_chrome"])
def test_events_of_people_are_those_of_posthog(events: EventStore, shared_data: Path, name: str) -> None:
    case = cases(shared_data)[name]
    asked = walked(events, case["events_by_person"], {"event": ARRIVED}, "track")
    assert links(between(asked)) == told(case["expected"])


@pytest.mark.parametrize("start", ["/pricing", "/"])
def test_paths_from_a_page_on_are_those_of_posthog(events: EventStore, shared_data: Path, start: str) -> None:
    case = cases(shared_data)["start_point"]
    expected = next(one["expected"] for one in case["cases"] if one["start"] == start)
    asked = walked(events, case["events_by_person"], {"page": start}, "page")
    assert links(between(asked), anchor=start) == told(expected)
