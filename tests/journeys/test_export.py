"""The export of a customer: one JSON document with all that is kept of that customer, and of nobody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Engine, RowMapping

from journeys import export as room
from journeys import generations, sessions
from journeys.accounts import accounts_of
from journeys.definitions import parse
from journeys.export import export, is_known
from journeys.filling import fill
from server.erasing import Eraser
from store.db import writing
from store.drops import DropRow, keep_drops
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import make_live, save_version, versions_to_fill
from store.projects import Project, create_project
from store.settings import Settings
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


def document(
    engine: Engine,
    events: EventStore,
    shop: tuple[Project, Ledger],
    customer: int,
    refused: Iterable[RowMapping] = (),
) -> Any:
    project, ledger = shop
    pieces = export(engine, events, ledger, project, customer, refused=refused, now=NOW)
    return json.loads("".join(pieces))


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


def test_a_run_in_any_order_tells_its_steps_by_name_and_how_many_they_are(
    engine: Engine, events: EventStore, shop: tuple[Project, Ledger]
) -> None:
    source = dict(parse({**JOURNEY, "key": "all", "order": "any"}).source)
    version = save_version(engine, shop[0].id, source, by="", now=NOW)
    fill(events, version, progress=lambda _done, _total: None)
    make_live(engine, version, now=NOW)
    runs = {run["journey"]: run for run in document(engine, events, shop, ADA)["runs"]}
    assert runs["all"]["furthest"] == "taken-3"
    assert [step["step"] for step in runs["all"]["steps"]] == ["look", "cart", "paid"]
    assert runs["all"]["strays"] == [{"at": "look", "step": "look"}]


def test_edges_that_were_taken_back_are_told_too(
    engine: Engine, events: EventStore, shop: tuple[Project, Ledger]
) -> None:
    project, ledger = shop
    ledger.unmerge(project.id, ADA, identity_hash("anonymous", "ada-phone"), now=NOW)
    (edge,) = document(engine, events, shop, ADA)["edges"]
    assert edge["retracted_at"] == "2026-03-01T12:00:00.000Z"


def test_sessions_are_told_before_the_first_are_counted_and_are_the_same_afterwards(
    engine: Engine, events: EventStore, shop: tuple[Project, Ledger]
) -> None:
    project, _ = shop
    before = document(engine, events, shop, ADA)["sessions"]
    wanted = generations.wanted_of(engine, project.id)
    newest = generations.ensured(events, project.id, wanted)[-1]
    sessions.fill(events, newest)
    assert [one["start"] for one in before][-1:] == ["2026-02-20T12:00:00.000Z"]
    assert document(engine, events, shop, ADA)["sessions"] == before


def test_groups_are_the_accounts_that_the_customers_page_shows(
    engine: Engine, events: EventStore, shop: tuple[Project, Ledger]
) -> None:
    project, ledger = shop
    common = {"project": project.id, "received_at": NOW, "identity": ADA, "user_id": "ada"}
    given = [("group", "acme", False), ("track", "only-named", False), ("group", "of-a-robot", True)]
    rows = [
        Event(
            event_id=event_id(group),
            message_id=group,
            type=type,
            timestamp=NOW - place,
            group_id=group,
            is_bot=is_bot,
            **common,
        )
        for place, (type, group, is_bot) in enumerate(given)
    ]
    events.insert(rows, token="groups")
    found = document(engine, events, shop, ADA)["groups"]
    at = "2026-03-01T12:00:00.000Z"
    assert found == [{"group_id": "acme", "first": at, "last": at}]
    shown = accounts_of(events, ledger, project.id, ADA)
    assert [one["account"] for one in shown] == [one["group_id"] for one in found]


def test_refused_events_that_name_the_customer_are_told_but_no_request_that_may_name_others(
    engine: Engine, events: EventStore, shop: tuple[Project, Ledger]
) -> None:
    project, ledger = shop
    body = base64.b64encode(b'[{"userId": "ada"}, {"userId": "bob"').decode()
    originals: list[dict[str, Any]] = [
        {"message": {"userId": "ada", "properties": 1}},
        {"message": {"userId": "bob"}},
        {"body": body},
    ]
    rows = [
        DropRow(
            project=project.id,
            received_at=NOW,
            place="door",
            code="bad_type",
            field="properties",
            message="must be an object",
            original=one,
        )
        for one in originals
    ]
    with writing(engine) as connection:
        keep_drops(connection, rows)
    eraser = Eraser(engine, events, ledger, Settings(), lambda: NOW, lambda _project, _some: None)
    found = document(engine, events, shop, ADA, eraser.refused_of(project.id, ADA))["refused"]
    said = {"received_at": "2026-03-01T12:00:00.000Z", "code": "bad_type", "field": "properties"}
    said |= {"message": "must be an object"}
    assert found == [said | {"original": originals[0]["message"]}, said | {"original": None}]


def test_one_of_whom_nothing_is_kept_is_not_known(events: EventStore, shop: tuple[Project, Ledger]) -> None:
    project, ledger = shop
    assert is_known(events, ledger, project.id, ADA)
    assert is_known(events, ledger, project.id, identity_hash("user", "eve"))
    assert not is_known(events, ledger, project.id, identity_hash("user", "nobody"))
