"""The export of a customer: one JSON document with all that is kept of that customer, and of nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys import export as room
from journeys.definitions import parse
from journeys.export import export, is_known
from journeys.runs import fill
from store.event import identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import make_live, save_version, versions_to_fill
from store.projects import Project, create_project
from tests.admin.conftest import JOURNEY, NOW, shop_events

ADA = identity_hash("user", "ada")


@pytest.fixture
def shop(engine: Engine, events: EventStore) -> tuple[Project, Ledger]:
    """The small shop: Ada with a phone, and others."""
    project, ledger = create_project(engine, key="shop", name="Shop", now=NOW), Ledger(engine, events)
    events.insert(shop_events(project.id), token="shop")
    ada, phone = Identity("user", "ada"), Identity("anonymous", "ada-phone")
    ledger.join(project.id, [Link(ada, phone, "identify", "e1", NOW)])
    save_version(engine, project.id, dict(parse(JOURNEY).source), by="the test", now=NOW)
    for version in versions_to_fill(engine):
        fill(events, version, progress=lambda _done, _total: None)
        make_live(engine, version, now=NOW)
    return project, ledger


def document(engine: Engine, events: EventStore, shop: tuple[Project, Ledger], customer: int) -> Any:
    project, ledger = shop
    return json.loads("".join(export(engine, events, ledger, project, customer, now=NOW)))


@pytest.mark.parametrize("at_once", [1, 2, 2_000])
def test_all_events_of_all_identities_come_in_their_order(
    engine: Engine,
    events: EventStore,
    shop: tuple[Project, Ledger],
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "AT_ONCE", at_once)
    found = document(engine, events, shop, ADA)
    names = [(one["event"] or one["path"], one["user_id"] or one["anonymous_id"]) for one in found["events"]]
    assert names == [
        ("/shop", "ada"),
        ("/shop/hats", "ada-phone"),
        ("Cart Filled", "ada"),
        ("Order Paid", "ada"),
    ]
    assert found["events"][3]["properties"] == {"amount": 49}
    assert found["events"][3]["timestamp"] == "2026-02-20T12:00:00.000Z"


def test_identities_edges_and_runs_stand_before_the_events(
    engine: Engine, events: EventStore, shop: tuple[Project, Ledger]
) -> None:
    found = document(engine, events, shop, ADA)
    assert found["format"] == "waywiser customer 1"
    assert {(one["kind"], one["value"]) for one in found["identities"]} == {
        ("user", "ada"),
        ("anonymous", "ada-phone"),
    }
    assert [edge["rule"] for edge in found["edges"]] == ["identify"]
    (run,) = found["runs"]
    assert (run["journey"], run["outcome"], run["furthest"]) == ("buy", "succeeded", "paid")
    assert [step["step"] for step in run["steps"]] == ["look", "cart", "paid"]


def test_edges_that_were_taken_back_are_told_too(
    engine: Engine, events: EventStore, shop: tuple[Project, Ledger]
) -> None:
    project, ledger = shop
    ledger.unmerge(project.id, ADA, identity_hash("anonymous", "ada-phone"), now=NOW)
    (edge,) = document(engine, events, shop, ADA)["edges"]
    assert edge["retracted_at"] == "2026-03-01T12:00:00.000Z"


def test_one_of_whom_nothing_is_kept_is_not_known(events: EventStore, shop: tuple[Project, Ledger]) -> None:
    project, ledger = shop
    assert is_known(events, ledger, project.id, ADA)
    assert is_known(events, ledger, project.id, identity_hash("user", "eve"))
    assert not is_known(events, ledger, project.id, identity_hash("user", "nobody"))
