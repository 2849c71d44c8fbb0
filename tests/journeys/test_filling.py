"""Stored runs are filled in shares of the customers, go on where they broke off, and can be checked."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from journeys import filling
from journeys.checking import differing, some_customers
from journeys.definitions import parse
from journeys.filling import fill
from journeys.runs import outdated
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import FOLDER, migrate_events

numbers = count(1)
START = 1_760_000_000_000
DEFINITION: dict[str, Any] = {
    "key": "order",
    "name": "Order",
    "steps": [
        {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
        {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
    ],
    "idle_timeout": "1d",
}
PEOPLE = [f"person {n}" for n in range(40)]


def happened(project: int, name: str, who: str, *, minutes: int = 0, anonymous: bool = False) -> Event:
    number = f"{project}-{next(numbers)}"
    return Event(
        project=project,
        event_id=event_id(number),
        message_id=number,
        type="track",
        event=name,
        timestamp=START + minutes * 60_000,
        received_at=START,
        identity=identity_hash("anonymous" if anonymous else "user", who),
        medium="email",
    )


def version_of(project: int, **changes: Any) -> JourneyVersion:
    source = dict(parse(DEFINITION).source)
    return replace(JourneyVersion(7, project, 1, 1, source, "filling", 0, 0, "", 0), **changes)


@pytest.fixture
def project(events: EventStore) -> int:
    """Each of the people looked as an anonymous visitor, which is merged, and bought; one changed hands."""
    project = 5_000 + next(numbers)
    rows = [happened(project, "Look", who, anonymous=True) for who in PEOPLE]
    rows += [happened(project, "Buy", who, minutes=5) for who in PEOPLE]
    rows.append(happened(project, "Look", "shared", minutes=1, anonymous=True))
    events.insert(rows, token=f"fill-{project}")
    for who in PEOPLE:
        events.command(
            "insert into identity_customers values ({project:UInt32}, {a:UInt64}, {b:UInt64}, [], 1)",
            {"project": project, "a": identity_hash("anonymous", who), "b": identity_hash("user", who)},
        )
    owner = f"[(fromUnixTimestamp64Milli({START}, 'UTC'), {identity_hash('user', 'late')})]"
    events.command(
        f"insert into identity_customers values ({{project:UInt32}}, {{a:UInt64}}, 0, {owner}, 1)",
        {"project": project, "a": identity_hash("anonymous", "shared")},
    )
    return project


def furthest(events: EventStore, project: int) -> dict[int, list[int]]:
    rows = events.query(
        "select customer, runs.furthest as furthest from journey_runs final "
        "where project = {project:UInt32} and notEmpty(runs.start)",
        {"project": project},
    )
    return {row["customer"]: row["furthest"] for row in rows}


def everyone() -> dict[int, list[int]]:
    return {identity_hash("user", who): [2] for who in PEOPLE} | {identity_hash("user", "late"): [1]}


@pytest.mark.parametrize("total", [1, 2, 7])
def test_shares_hold_every_customer_once_also_merged_and_contested_ones(
    events: EventStore, project: int, total: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "EVENTS_PER_CHUNK", 81 // total + 1)
    told: list[tuple[int, int]] = []
    fill(events, version_of(project), progress=lambda *how_far: told.append(how_far))
    assert told == [(n, total) for n in range(1, total + 1)]
    assert furthest(events, project) == everyone()


def test_a_filling_that_broke_off_goes_on_behind_what_is_done(events: EventStore, project: int) -> None:
    told: list[tuple[int, int]] = []
    version = version_of(project, chunks_done=2, chunks_total=3)
    fill(events, version, progress=lambda *how_far: told.append(how_far))
    assert told == [(3, 3)]
    last = {customer: run for customer, run in everyone().items() if customer >= 2**63 * 2 // 3}
    assert furthest(events, project) == last
    assert 0 < len(last) < len(everyone())


def test_who_has_no_run_any_more_loses_it_in_the_share_of_its_own(events: EventStore, project: int) -> None:
    ghost = 2**63 - 5
    fill(events, version_of(project), progress=lambda *_: None)
    events.command(
        "insert into journey_runs (project, journey_version, customer, computed_at, version, runs, cut) "
        "select project, journey_version, {ghost:UInt64}, computed_at, 1, runs, cut "
        "from journey_runs where project = {project:UInt32} limit 1",
        {"project": project, "ghost": ghost},
    )
    fill(events, version_of(project, chunks_done=1, chunks_total=2), progress=lambda *_: None)
    assert furthest(events, project) == everyone()


def test_stored_runs_that_their_events_do_not_make_are_found(events: EventStore, project: int) -> None:
    version = version_of(project)
    fill(events, version, progress=lambda *_: None)
    customers = some_customers(events, version, 1_000, seed=1)
    assert sorted(customers) == sorted(everyone())
    assert differing(events, version, customers) == []
    late = happened(project, "Buy", "late", minutes=9)
    events.insert([late], token=late.message_id)
    (found,) = differing(events, version, customers)
    assert found.customer == identity_hash("user", "late")
    assert "succeeded" in found.computed
    assert "open" in found.stored


def test_a_sample_is_no_larger_than_asked_and_others_come_by_another_seed(
    events: EventStore, project: int
) -> None:
    samples = [some_customers(events, version_of(project), 5, seed=seed) for seed in (1, 1, 2)]
    assert [len(one) for one in samples] == [5, 5, 5]
    assert samples[0] == samples[1] != samples[2]


def test_a_sample_of_many_is_of_one_share_and_all_shares_hold_everybody_once(
    events: EventStore, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = version_of(project)
    fill(events, version, progress=lambda *_: None)
    monkeypatch.setattr("journeys.checking.ROOM", 2)
    most = 8  # of 41: three shares
    samples = [some_customers(events, version, most, seed=seed) for seed in range(3)]
    assert [len(one) for one in samples] == [most] * 3
    assert len({one for some in samples for one in some}) == 3 * most
    late = happened(project, "Buy", "late", minutes=9)
    events.insert([late], token=late.message_id)
    parts = [sorted(everyone())[start : start + 14] for start in (0, 14, 28)]
    wrong = [one.customer for part in parts for one in differing(events, version, part)]
    assert wrong == [identity_hash("user", "late")]


def test_a_stray_speaks_of_the_thirtieth_step_too(events: EventStore) -> None:
    project = 5_000 + next(numbers)
    steps = [{"key": f"s{n}", "name": "S", "match": [{"event": f"E{n}"}]} for n in range(1, 31)]
    source = dict(parse({**DEFINITION, "steps": steps}).source)
    names = ["E1", "E30", "E1", *(f"E{n}" for n in range(2, 30)), "E29", "E3", "E30"]
    events.insert(
        [happened(project, name, "ada", minutes=n) for n, name in enumerate(names)], token=f"p{project}"
    )
    fill(events, version_of(project, definition=source), progress=lambda *_: None)
    (row,) = events.query(
        "select runs.strays[1] as strays, runs.outcome[1] as outcome, runs.medium[1] as medium "
        "from journey_runs final where project = {project:UInt32}",
        {"project": project},
    )
    assert [(one["at"], one["step"]) for one in row["strays"]] == [(1, 30), (1, 1), (29, 29), (29, 3)]
    assert (row["outcome"], row["medium"]) == ("succeeded", "email")


def test_runs_of_before_answer_until_their_version_is_filled_again(shared_events: EventStore) -> None:
    store = shared_events.sibling(f"t_layout_{next(numbers)}")
    try:
        migrate_events(store)
        store.command("drop table journey_runs")
        first = (FOLDER / "events" / "0001_events.sql").read_text()
        store.command(first[first.index("create table journey_runs") :].rstrip().rstrip(";"))
        store.command(
            "insert into journey_runs select 1, 7, 3, now64(3), 1, [('', now64(3), now64(3), 'open', 2, 0, "
            "false, [1, 2], [now64(3), now64(3)], 'Email', '', '', '', '')]"
        )
        for _ in range(2):  # a crash before it is noted repeats it
            store.command("delete from migrations_applied where name >= '0005'")
            migrate_events(store)
        (row,) = store.query("select runs.steps[1] as steps, runs.channel[1] as channel from journey_runs")
        assert (row["steps"], row["channel"]) == ([1, 2], "Email")
        assert outdated(store) == [7]
        fill(store, version_of(1), progress=lambda *_: None)
        assert outdated(store) == []
    finally:
        store.command(f"drop database if exists `{store.database}`")
        store.close()
