"""Versions of a project that wait are filled by one scan; each is as if it were filled alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys import filling
from journeys.checking import differing, some_customers
from journeys.definitions import parse
from server.filler import Filler
from store.event_errors import EventStoreError
from store.events import EventStore
from store.journeys import (
    JourneyVersion,
    live_journeys,
    pause,
    resume,
    save_version,
    versions_of,
)
from store.projects import create_project
from tests.server.test_filling import NAMES, happened, stumble

Told = list[tuple[str, int, int]]


@pytest.fixture
def project(engine: Engine, events: EventStore) -> int:
    """A project of which every person did all of three things."""
    number = create_project(engine, key="p", name="P", now=0).id
    rows = [
        happened(number, who, event, 10 * n) for who in NAMES for n, event in enumerate(("x", "y", "z", "x"))
    ]
    rows += [happened(number, who, "x", 86_400_000 * 3) for who in NAMES[:5]]
    events.insert(rows, token="t")
    return number


def saved(engine: Engine, project: int, key: str, *names: str, **more: Any) -> JourneyVersion:
    steps = [{"key": f"s{n}", "name": "S", "match": [{"event": name}]} for n, name in enumerate(names)]
    source = parse({"key": key, "name": key, "steps": steps, "idle_timeout": "1d", **more}).source
    return save_version(engine, project, dict(source), by="", now=1)


def counting(events: EventStore, patch: pytest.MonkeyPatch) -> list[list[int]]:
    """The versions of each statement that stores runs."""
    command, found = events.command, list[list[int]]()

    def watched(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        if "insert into journey_runs" in sql:
            found.append(list((parameters or {})["journey_versions"]))
        command(sql, parameters)

    patch.setattr(events, "command", watched)
    return found


def is_right(events: EventStore, version: JourneyVersion) -> bool:
    customers = some_customers(events, version, 1_000, seed=1)
    return len(customers) == len(NAMES) and differing(events, version, customers) == []


def test_several_versions_are_filled_by_one_scan_and_each_tells_how_far_it_is(
    engine: Engine, events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = [
        saved(engine, project, "j", "x", "y"),
        saved(engine, project, "k", "x", "z", case_key="order"),
        saved(engine, project, "l", "y", "z", order="any"),
    ]
    apart = saved(engine, project, "together", "x", "y", runs_of="accounts")
    other = create_project(engine, key="q", name="Q", now=0).id
    elsewhere = saved(engine, other, "j", "x", "y")
    n = 2 * events.query("select count() as n from events")[0]["n"]  # each event concerns two of the three
    monkeypatch.setattr(filling, "EVENTS_PER_CHUNK", n // 3 + 1)
    scans, told = counting(events, monkeypatch), Told()
    filled = Filler(engine, events).fill_all(lambda one, *far: told.append((one.definition["key"], *far)))
    assert filled == 5
    ids = [one.id for one in three]
    assert [one for one in scans if one == ids] == [ids] * 6  # two halves of a part
    assert sorted(map(len, scans)) == [1] * (len(scans) - 6) + [3] * 6
    assert [one for one in told if one[0] in "jkl" and one[2] == 3] == [
        (key, part, 3) for part in (1, 2, 3) for key in "jkl"
    ]
    assert all(is_right(events, one) for one in three)
    assert {one.id for one in live_journeys(engine, project)} == {*ids, apart.id}
    assert live_journeys(engine, other)[0].id == elsewhere.id
    assert all(one.status == "live" for one in live_journeys(engine, project))


def test_one_of_them_is_paused_and_the_others_go_on(
    engine: Engine, events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = saved(engine, project, "j", "x", "y"), saved(engine, project, "k", "x", "z")
    monkeypatch.setattr(filling, "EVENTS_PER_CHUNK", 30)
    scans = counting(events, monkeypatch)

    def stop(one: JourneyVersion, done: int, _total: int) -> None:
        if (one.id, done) == (first.id, 1):
            assert pause(engine, one.id)

    filler = Filler(engine, events)
    assert filler.fill_all(stop) == 1
    total = len(scans) // 2  # two halves of a part
    assert scans == [[first.id, second.id]] * 2 + [[second.id]] * (2 * total - 2)
    (waiting,) = versions_of(engine, project, "j")
    assert (waiting.status, waiting.chunks_done, waiting.chunks_total) == ("paused", 1, total)
    assert is_right(events, second)
    assert resume(engine, first.id)
    assert filler.fill_all() == 1
    assert scans[2 * total :] == [[first.id]] * (2 * total - 2)
    assert is_right(events, first)


def test_one_that_cannot_be_computed_does_not_hold_up_the_others(
    engine: Engine, events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = saved(engine, project, "j", "x", "y"), saved(engine, project, "k", "x", "z")
    with monkeypatch.context() as patch:
        stumble(events, patch, lambda given: bad.id in given["journey_versions"])
        with pytest.raises(EventStoreError):
            Filler(engine, events).fill_all()
    assert [one.status for one in live_journeys(engine, project)] == ["live", "filling"]
    assert is_right(events, good)
    assert Filler(engine, events).fill_all() == 1
    assert is_right(events, bad)


def test_who_has_no_run_any_more_loses_it_at_each_of_them(
    engine: Engine, events: EventStore, project: int
) -> None:
    both = [saved(engine, project, "j", "x", "y"), saved(engine, project, "k", "x", "z")]
    for one in both:
        events.command(
            "insert into journey_runs (project, journey_version, customer, version, runs) "
            "select {project:UInt32}, {version:UInt32}, {who:UInt64}, 1, [('', now64(3), now64(3), 'open', "
            "1, 0, false, [1], [now64(3)], [unhex(repeat('00', 16))], [], '', '', '', '', '', '')]",
            {"project": project, "version": one.id, "who": 5 + one.id},
        )
    assert Filler(engine, events).fill_all() == 2
    assert all(is_right(events, one) for one in both)
