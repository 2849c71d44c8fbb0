"""Runs of accounts when a member is erased or all that a member did is too old: the others' remain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys.definitions import parse
from server.refreshing import Refresher
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Ledger
from store.journeys import save_version
from store.privacy.suppression import KnownSuppressions
from store.projects import create_project
from tests.journeys.test_account_runs import PLAIN
from tests.server.test_erasing import ADA, BOB, Place
from tests.server.test_retaining import DAY, NOW, Keeper, open_keeper

numbers = count(1)
LATER = NOW + DAY


@pytest.fixture
def refresher(engine: Engine, events: EventStore) -> Iterator[Refresher]:
    made = Refresher(engine, events, Ledger(engine, events), KnownSuppressions(engine).of, lambda: LATER)
    yield made
    made.close()


def happened(project: int, who: str, at: int, name: str) -> Event:
    number = str(next(numbers))
    return Event(
        project=project,
        event_id=event_id(number),
        message_id=number,
        type="group" if name == "acme" else "track",
        event="" if name == "acme" else name,
        group_id="acme" if name == "acme" else "",
        timestamp=at,
        received_at=at,
        user_id=who,
        identity=identity_hash("user", who),
    )


def stored(events: EventStore) -> list[dict[str, Any]]:
    """The account's runs and members, as they are stored."""
    return events.query(
        "select runs.furthest as furthest, arraySort(members) as members from journey_runs final "
        "where notEmpty(members)"
    )


def test_an_erased_member_leaves_the_runs_of_the_account_and_no_trace_in_them(
    engine: Engine, events: EventStore, refresher: Refresher
) -> None:
    project = create_project(engine, key="p", name="P", now=0).id
    save_version(engine, project, dict(parse(PLAIN).source), by="the test", now=0)
    place = Place(engine, events, Ledger(engine, events), project)
    place.__dict__["eraser"] = replace(place.eraser, refresh=refresher.refresh)
    for message in (
        *({"type": "group", "groupId": "acme", "userId": who} for who in ("ada", "bob")),
        *({"event": name, "userId": who} for name, who in (("a", "bob"), ("b", "ada"), ("c", "bob"))),
    ):
        place.send(message)
    refresher.refresh(project, {ADA, BOB})
    assert stored(events) == [{"furthest": [3], "members": sorted((ADA, BOB))}]
    place.erase(ADA)
    assert stored(events) == [{"furthest": [1], "members": [BOB]}]
    assert place.traces("ada") == []


@pytest.mark.parametrize("is_cut_off", [False, True])
@pytest.mark.parametrize("what", ["a trait", "an account"])
def test_later_runs_rest_on_nothing_that_retention_has_deleted(
    what: str,
    is_cut_off: bool,
    engine: Engine,
    events: EventStore,
    refresher: Refresher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeper = open_keeper(engine, events)
    keeper = Keeper(replace(keeper.eraser, refresh=refresher.refresh), keeper.mine, keeper.other, 0)
    project = keeper.mine.id
    pro = {"trait": "plan", "op": "eq", "value": "pro"}
    of_pros = {**PLAIN, "runs_of": "customers", "population": [pro]}
    source = of_pros if what == "a trait" else PLAIN
    version = save_version(engine, project, dict(parse(source).source), by="the test", now=0)
    rows = [happened(project, "ada", NOW - 50 * DAY, "acme"), happened(project, "ada", NOW - DAY, "a")]
    rows += [happened(project, "bob", NOW - 50 * DAY, "x")]
    if what == "a trait":
        rows[0].type, rows[0].event, rows[0].group_id, rows[0].traits = "identify", "", "", '{"plan":"pro"}'
    events.insert(rows, token="t")
    refresher.refresh(project, {ADA, BOB})
    count = "select sum(length(runs)) as n from journey_runs final where journey_version = {version:UInt32}"
    assert events.query(count, {"version": version.id}) == [{"n": 1}]
    keeper.keeps(30)
    if is_cut_off:
        with monkeypatch.context() as broken:
            broken.setattr("server.retaining._bring_up_to_date", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                keeper.retain()
        refresher.turn()
    keeper.retain()
    assert events.query(count, {"version": version.id}) == [{"n": 0}]
    assert keeper.eraser.ledger.waiting(project) == set()


def test_what_retention_deletes_is_in_no_run_of_an_account(
    engine: Engine, events: EventStore, refresher: Refresher
) -> None:
    keeper = open_keeper(engine, events)
    keeper = Keeper(replace(keeper.eraser, refresh=refresher.refresh), keeper.mine, keeper.other, 0)
    project = keeper.mine.id
    save_version(engine, project, dict(parse(PLAIN).source) | {"idle_timeout": "99d"}, by="the test", now=0)
    told = [("ada", 50, "acme"), ("bob", 20, "acme"), ("bob", 40, "a"), ("ada", 39, "b"), ("bob", 10, "a")]
    rows = [happened(project, who, NOW - day * DAY, name) for who, day, name in told]
    events.insert(rows, token="t")
    refresher.refresh(project, {ADA, BOB})
    assert stored(events) == [{"furthest": [2], "members": sorted((ADA, BOB))}]
    keeper.keeps(30)
    keeper.retain()
    assert stored(events) == [{"furthest": [1], "members": [BOB]}]
    (row,) = events.query(
        "select count() as n from journey_runs where has(members, {ada:UInt64})", {"ada": ADA}
    )
    assert row["n"] == 0
