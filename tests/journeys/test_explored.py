"""Paths from any touchpoint are what a plain program finds; what flows in flows out, and lists match."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

from journeys.cursors import ListError
from journeys.explored import Asked, Exploration, explore, told
from journeys.explored_lists import labels as labels_of_cell
from journeys.explored_lists import passing
from journeys.period import Period
from journeys.touchpoints import read
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.migrate import migrate_events
from store.projects import Project

START = 1_760_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PERIOD = Period(START, START + 10 * DAY)
NOW = START + 9 * DAY
PROJECT = Project(1, "p", "P", "UTC")
NAMES = ["Try", "Ask", "Buy", "/", "/shop", "screen:Try", "page:Try", "event:/shop"]
TYPES = {"event": "track", "page": "page", "screen": "screen"}
Visit = list[tuple[int, str]]


def visits() -> dict[int, list[Visit]]:
    """What some customers do, from before the period until now, visit by visit."""
    dice = random.Random(7)
    found: dict[int, list[Visit]] = {}
    for customer in range(60):
        at, mine = START - DAY + dice.randrange(3 * DAY), list[Visit]()
        while at < NOW:
            visit = Visit()
            for _ in range(dice.randrange(1, 8)):
                visit.append((at, dice.choice(NAMES)))
                at += dice.randrange(1, 30 * MINUTE)
            mine.append([one for one in visit if one[0] <= NOW])
            at = visit[-1][0] + 30 * MINUTE + dice.randrange(1, 2 * DAY)
        found[customer] = [one for one in mine if one]
    return found


VISITS = visits()


@pytest.fixture(scope="module")
def events(shared_events: EventStore) -> Iterator[EventStore]:
    """The store with what they do."""
    store = shared_events.sibling("t_explored")
    migrate_events(store)
    rows = [
        Event(
            project=1,
            event_id=event_id(f"{customer} {at}"),
            message_id=f"{customer} {at}",
            type=TYPES[read(name).kind],
            event="" if read(name).kind == "page" else read(name).label,
            path=read(name).label if read(name).kind == "page" else "",
            properties=json.dumps({"name": read(name).label}),
            timestamp=at,
            received_at=at,
            user_id=str(customer),
            identity=identity_hash("user", str(customer)),
        )
        for customer, mine in VISITS.items()
        for visit in mine
        for at, name in visit
    ]
    store.insert(rows, token="t")
    yield store
    store.command("drop database t_explored")
    store.close()


def ways(asked: Asked) -> list[tuple[list[str], str]]:
    """The same by plain Python: the labels from the touchpoint on, and how each way ends."""
    found = []
    for mine in VISITS.values():
        anchored = []
        for visit in mine:
            hits = [i for i, (at, name) in enumerate(visit) if name == asked.start and at >= PERIOD.start]
            if not hits:
                continue
            part = visit[hits[0] :] if asked.direction == "after" else visit[: hits[0] + 1][::-1]
            labels = [name for name, _ in groupby(name for _, name in part)]
            is_going = NOW - visit[-1][0] <= 30 * MINUTE
            end = "start" if asked.direction == "before" else "in_time" if is_going else "nothing"
            anchored.append((labels, end))
        found += anchored[:1] if asked.unit == "customers" else anchored
    return found


def expected(asked: Asked) -> Counter[tuple[int, str, str]]:
    links: Counter[tuple[int, str, str]] = Counter()
    for labels, end in ways(asked):
        shown = labels[: asked.depth + 1]
        links.update((i, shown[i - 1], shown[i]) for i in range(1, len(shown)))
        if len(labels) <= asked.depth + 1:
            links[len(shown), shown[-1], f"end {end}"] += 1
    return links


def asked_of(events: EventStore, asked: Asked, **more: Any) -> Exploration:
    return explore(events, PROJECT, read(asked.start), asked, period=PERIOD, now=NOW, **more)


CASES = [
    Asked("Try"),
    Asked("screen:Try"),
    Asked("Try", direction="before"),
    Asked("/shop", unit="customers", depth=3),
    Asked("/shop", unit="customers", direction="before", depth=2),
]


@pytest.mark.parametrize("asked", CASES, ids=str)
def test_every_link_is_what_a_plain_program_finds(events: EventStore, asked: Asked) -> None:
    answer = told(asked_of(events, asked))
    names = {
        one["id"]: f"end {one['outcome']}" if "outcome" in one else one["label"] for one in answer["nodes"]
    }
    positions = {one["id"]: one["position"] for one in answer["nodes"]}
    found = {
        (positions[one["target"]], names[one["source"]], names[one["target"]]): one["n"]
        for one in answer["links"]
    }
    assert found == expected(asked)
    assert answer["runs"] == len(ways(asked)) > 0
    assert answer["sampled"] == 1


@pytest.mark.parametrize("asked", [*CASES, Asked("Try", most=2)], ids=str)
def test_what_flows_in_flows_out(events: EventStore, asked: Asked) -> None:
    answer = told(asked_of(events, asked))
    for node in answer["nodes"]:
        into = sum(one["n"] for one in answer["links"] if one["target"] == node["id"])
        out = sum(one["n"] for one in answer["links"] if one["source"] == node["id"])
        if node["position"] > 0:
            assert into == node["n"], node
        if node["kind"] != "end" and node["position"] < asked.depth:
            assert out == node["n"], node


@pytest.mark.parametrize(
    "asked", [Asked("Try", most=2), Asked("/shop", "before", "customers", most=2)], ids=str
)
def test_the_list_behind_every_number_has_so_many(events: EventStore, asked: Asked) -> None:
    of = asked_of(events, asked)
    answer = told(of)
    assert any(node["kind"] == "other" for node in answer["nodes"])
    for one in (*answer["nodes"], *answer["links"][:12]):
        found = passing(of, one["cell"], most=1_000)
        assert found["total"] == len(found["rows"]) == one["n"], one


@pytest.mark.parametrize(
    "asked", [Asked("Try", most=2), Asked("/shop", "before", "customers", depth=2, most=1)], ids=str
)
def test_other_names_its_labels(events: EventStore, asked: Asked) -> None:
    of = asked_of(events, asked)
    answer, links = told(of), expected(asked)
    others = [one for one in answer["nodes"] if one["kind"] == "other"]
    assert others
    for node in others:
        alone = {one["label"] for one in answer["nodes"] if one["position"] == node["position"]}
        came = Counter[str]()
        for (position, _, label), n in links.items():
            if position == node["position"] and not label.startswith("end ") and label not in alone:
                came[label] += n
        found = labels_of_cell(of, node["cell"])
        assert found["total"] == len(found["labels"]) == node["members"] == len(came)
        assert {one["label"]: one["n"] for one in found["labels"]} == came
        assert len(labels_of_cell(of, node["cell"], most=1)["labels"]) == 1
        rarest = found["labels"][-1]
        assert passing(of, rarest["cell"])["total"] == rarest["n"]
    assert labels_of_cell(of, answer["nodes"][0]["cell"]) == {"total": 0, "labels": []}


def test_a_list_comes_page_by_page(events: EventStore) -> None:
    of = asked_of(events, Asked("Try"))
    cell = told(of)["nodes"][0]["cell"]
    whole = passing(of, cell, most=1_000)["rows"]
    first = passing(of, cell, most=5)
    assert first["rows"] == whole[:5]
    assert passing(of, cell, most=5, skipped=first["next"])["rows"] == whole[5:10]


def test_of_many_customers_a_sample_is_looked_at(events: EventStore) -> None:
    whole, some = (told(asked_of(events, Asked("Try"), most_customers=n)) for n in (1_000, 20))
    assert 0 < some["runs"] < whole["runs"]
    assert some["sampled"] < 1


@pytest.mark.parametrize(
    "cell", ["", "x", "[]", '[[0,"what","x"]]', '[[99,"end","nothing"]]', '[[1,"end","x"]]']
)
def test_what_is_no_cell_is_refused(events: EventStore, cell: str) -> None:
    with pytest.raises(ListError):
        passing(asked_of(events, Asked("Try")), cell)
