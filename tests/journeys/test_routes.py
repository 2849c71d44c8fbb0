"""Reports that call pages by routes say just what they would, had the events been stored with the routes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys import catalog
from journeys.accounts import account
from journeys.breakdown import breakdown
from journeys.definitions import parse
from journeys.dropoffs_report import DROPOFFS
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.lists import total
from journeys.paths_report import PATHS
from journeys.period import Period
from journeys.routes import Routes, confirmed
from journeys.scope import Scope, open_scope
from journeys.session_numbers import every
from journeys.session_numbers import listed as session_list
from journeys.timeline import recent, timeline
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project, create_project
from store.routes import save_routes
from tests.journeys.test_frame import cells

DAY, MINUTE = 86_400_000, 60_000
START = 1_760_000_000_000
NOW = START + 20 * DAY
PERIOD = Period(START, NOW)
ROUTES = Routes(("/blog/pricing", "/order/:id", "/blog/:slug"))
DEFINITION = parse(
    {
        "key": "order",
        "name": "Order",
        "steps": [
            {"key": "read", "name": "Reads", "match": [{"page": "/blog/*"}]},
            {"key": "look", "name": "Looks", "match": [{"page": "/order/*"}]},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "idle_timeout": "2d",
    }
)
PATHS_SEEN = {
    "/": "/",
    "/help": "/help",
    "/blog/pricing": "/blog/pricing",
    **{f"/blog/{name}": "/blog/:slug" for name in ("one", "two", "three", "12")},
    **{f"/order/{name}": "/order/:id" for name in ("1042", "1043", "a7f3")},
    "/order/new": "/order/new",
}
PARTS = [*PATHS_SEEN, "Buy", "Ask"]


def history(project: int, *, is_cleaned: bool) -> list[Event]:
    dice, rows = random.Random(3), list[Event]()
    for customer in range(60):
        at = START + dice.randrange(15 * DAY)
        for _ in range(dice.randrange(2, 14)):
            at += dice.choice([0, 1_000, 5 * MINUTE, 40 * MINUTE, 3 * DAY])
            what, number = dice.choice(PARTS), f"{len(rows)}"
            is_page = what.startswith("/")
            rows.append(
                Event(
                    project=project,
                    event_id=event_id(number),
                    message_id=number,
                    type="page" if is_page else "track",
                    event="" if is_page else what,
                    path="" if not is_page else PATHS_SEEN[what] if is_cleaned else what,
                    timestamp=at,
                    received_at=at,
                    sequence=len(rows),
                    properties='{"status": 404}' if is_page and len(rows) % 7 == 0 else "{}",
                    user_id=str(customer),
                    identity=identity_hash("user", str(customer)),
                    side="browser",
                )
            )
    return [row for row in rows if row.timestamp < NOW]


@pytest.fixture(scope="module")
def store(shared_events: EventStore) -> Iterator[EventStore]:
    """Project 1 with paths as they came, project 2 as if they had come as routes."""
    events = shared_events.sibling("t_routes")
    migrate_events(events)
    for project in (1, 2):
        events.insert(history(project, is_cleaned=project == 2), token=f"t{project}")
        fill(events, version(project), progress=lambda done, total: None)
    yield events
    events.command("drop database t_routes")
    events.close()


def version(project: int) -> JourneyVersion:
    return JourneyVersion(project, project, project, 1, dict(DEFINITION.source), "live", 0, 0, "", 0)


def opened(store: EventStore, project: int, routes: Routes) -> Scope:
    whose = Project(project, f"p{project}", "P", "UTC")
    return Scope(store, whose, version(project), DEFINITION, PERIOD, {}, NOW, routes=routes)


@pytest.fixture
def raw(store: EventStore) -> Scope:
    return opened(store, 1, ROUTES)


@pytest.fixture
def clean(store: EventStore) -> Scope:
    return opened(store, 2, Routes())


@pytest.mark.parametrize("unit", ["runs", "customers"])
@pytest.mark.parametrize(
    ("report", "asked"),
    [
        (PATHS, {"depth": 4}),
        (PATHS, {"depth": 3, "collapse": False, "anchor": "look", "direction": "before"}),
        (PATHS, {"part": "afterwards", "most": 7}),
        (DROPOFFS, {"step": "read", "most": 3}),
        (DROPOFFS, {"step": "look"}),
    ],
)
def test_reports_are_those_of_cleaned_paths(
    raw: Scope, clean: Scope, report: Any, asked: dict[str, Any], unit: str
) -> None:
    found = report.ask(raw, report.asked().load({}) | asked, unit=unit)
    assert found == report.ask(clean, report.asked().load({}) | asked, unit=unit)
    assert "/order/:id" in str(found) or "/blog/:slug" in str(found)
    assert "/order/1042" not in str(found)
    assert report is not DROPOFFS or found["before"]["slow"][0]["problem"] == "not_found"


def test_breakdowns_by_path_are_those_of_cleaned_paths(raw: Scope, clean: Scope) -> None:
    for at in ("read", "look"):
        found = breakdown(raw, "path", at=at)
        assert found == breakdown(clean, "path", at=at)
        assert sum(one["entered"] for one in found["groups"]) == funnel(raw)["entered"]
    assert {"/order/:id", "/order/new"} <= {one["value"] for one in found["groups"]}


@pytest.mark.parametrize(
    ("report", "asked"), [(PATHS, {"depth": 2}), (DROPOFFS, {"step": "read", "most": 3})]
)
def test_the_list_behind_a_route_has_the_runs_of_its_number(
    raw: Scope, report: Any, asked: dict[str, Any]
) -> None:
    found = report.ask(raw, report.asked().load({}) | asked)
    numbers = dict(cells(found))
    for cell, n in random.Random(3).sample(sorted(numbers.items()), 12):
        assert total(raw, report.behind(raw, cell)) == n, cell


def test_sessions_timelines_and_pages_go_by_their_routes(store: EventStore, engine: Engine) -> None:
    create_project(engine, key="p1", name="P", now=0)
    ledger = Ledger(engine, store)

    def sessions(project: int, routes: Routes) -> list[tuple[Any, ...]]:
        found = every(store, project, PERIOD, routes=routes)
        return [(one["start"], one["customer"], one["entry"], one["exit"]) for one in found]

    assert sessions(1, ROUTES) == sessions(2, Routes())
    assert (
        session_list(store, 1, PERIOD, most=5, routes=ROUTES)["sessions"]
        == list(every(store, 1, PERIOD, routes=ROUTES))[:5]
    )
    assert catalog.pages(store, 1, since_ms=0, routes=ROUTES) == catalog.pages(store, 2, since_ms=0)
    mine = {"now": NOW, "since": 1, "most": 10_000}
    got, wanted = recent(store, 1, routes=ROUTES, **mine), recent(store, 2, **mine)
    assert [one["label"] for one in got] == [one["label"] for one in wanted]
    assert {one["path"] for one in got} >= {"/order/1042", "/order/a7f3"}, "the event keeps its path"
    whose = identity_hash("user", "7")
    seen = [
        timeline(store, ledger, project, whose, now=NOW, routes=routes)
        for project, routes in ((1, ROUTES), (2, Routes()))
    ]
    assert seen[0]["sessions"] == seen[1]["sessions"]
    assert [one["label"] for one in seen[0]["events"]] == [one["label"] for one in seen[1]["events"]]


def test_members_of_accounts_did_last_what_the_route_says(events: EventStore, engine: Engine) -> None:
    create_project(engine, key="p1", name="P", now=0)
    mine = {"project": 1, "user_id": "a", "identity": identity_hash("user", "a"), "received_at": START}
    events.insert(
        [
            Event(
                event_id=event_id("1"), message_id="1", type="group", group_id="acme", timestamp=START, **mine
            ),
            Event(
                event_id=event_id("2"),
                message_id="2",
                type="page",
                path="/order/12",
                timestamp=START + 1,
                **mine,
            ),
        ],
        token="t",
    )
    found = account(events, Ledger(engine, events), 1, "acme", routes=ROUTES)
    assert found
    assert found["members"][0]["last_touchpoint"] == "/order/:id"


def test_scopes_take_the_list_that_counts(events: EventStore, engine: Engine) -> None:
    from store.journeys import save_version

    project = create_project(engine, key="p1", name="P", now=0)
    save_version(engine, project.id, dict(DEFINITION.source), by="t", now=0)
    assert open_scope(engine, events, project, "order", now=NOW).routes == Routes()
    save_routes(engine, project.id, ROUTES.templates, by="t", now=0)
    assert (
        open_scope(engine, events, project, "order", now=NOW).routes
        == confirmed(engine, project.id)
        == ROUTES
    )
