"""An account whose runs cannot be computed holds up no other one, and is tried again by its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys.account_runs import named
from journeys.definitions import parse
from server.filler import Filler
from server.refreshing import Refresher
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion, live_journey, save_version, versions_to_fill
from store.privacy.suppression import nobody
from store.projects import create_project
from tests.server.test_filling import NOW, definition, furthest, happened, stumble

FIRMS = [f"firm{n}" for n in range(4)]
BROKEN = "firm1"


def together(name: str = "J") -> dict[str, Any]:
    return dict(parse({**definition(name), "runs_of": "accounts"}).source)


def member(project: int, firm: str) -> Event:
    told = happened(project, f"of {firm}", "group")
    told.type, told.event, told.group_id = "group", "", firm
    told.event_id = event_id(f"{project} {firm}")
    return told


def who(firm: str) -> int:
    return identity_hash("user", f"of {firm}")


@pytest.fixture
def project(engine: Engine, events: EventStore) -> int:
    """Four firms, each with one member who has taken the first step."""
    project = create_project(engine, key="p", name="P", now=0).id
    events.insert([member(project, firm) for firm in FIRMS], token="g")
    events.insert([happened(project, f"of {firm}", "a") for firm in FIRMS], token="a")
    return project


@pytest.fixture
def ledger(engine: Engine, events: EventStore) -> Ledger:
    return Ledger(engine, events)


@pytest.fixture
def refresher(engine: Engine, events: EventStore, ledger: Ledger) -> Iterator[Refresher]:
    made = Refresher(engine, events, ledger, nobody, lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def first(engine: Engine, events: EventStore, project: int) -> JourneyVersion:
    saved = save_version(engine, project, together(), by="a", now=1)
    assert Filler(engine, events).fill_all() == 1
    return saved


def came(events: EventStore, version: JourneyVersion) -> dict[str, int]:
    """How far each account came."""
    found = furthest(events, version)
    names = named(events, version.project_id, found)
    return {names[number]: position for number, position in found.items()}


def number_of_broken(events: EventStore, version: JourneyVersion) -> int:
    names = named(events, version.project_id, furthest(events, version))
    return next(number for number, name in names.items() if name == BROKEN)


def test_others_are_computed_and_the_members_of_the_broken_one_are_tried_again(
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert came(events, first) == dict.fromkeys(FIRMS, 1)
    broken = number_of_broken(events, first)
    events.insert([happened(project, f"of {firm}", "b", 5) for firm in FIRMS], token="b")
    with monkeypatch.context() as patch:
        stumble(events, patch, lambda given: broken in given.get("customers", [broken]))
        refresher.refresh(project, set(map(who, FIRMS)))
    assert came(events, first) == dict.fromkeys(FIRMS, 2) | {BROKEN: 1}
    assert [(one.customer, one.tries) for one in ledger.failed(project)] == [(who(BROKEN), 1)]
    refresher.make_up(before=NOW + 1)
    assert came(events, first) == dict.fromkeys(FIRMS, 2)
    assert ledger.failed(project) == []


def test_a_version_is_filled_although_one_account_cannot_be(
    engine: Engine,
    events: EventStore,
    ledger: Ledger,
    refresher: Refresher,
    project: int,
    first: JourneyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = number_of_broken(events, first)
    second = save_version(engine, project, together("K"), by="a", now=2)

    def is_in(given: Mapping[str, Any]) -> bool:
        return broken in given.get("customers", [broken])

    with monkeypatch.context() as patch:
        stumble(events, patch, is_in)
        assert Filler(engine, events).fill_all() == 1
    live = live_journey(engine, project, "j")
    assert live is not None
    assert (live.id, versions_to_fill(engine)) == (second.id, [])
    assert came(events, second) == dict.fromkeys(set(FIRMS) - {BROKEN}, 1)
    assert [one.customer for one in ledger.failed(project)] == [who(BROKEN)]
    refresher.make_up(before=NOW * 1_000)
    assert came(events, second) == dict.fromkeys(FIRMS, 1)
