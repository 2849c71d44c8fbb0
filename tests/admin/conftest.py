"""An admin over real stores: two projects, a person of each role, and a small shop's events."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from admin.app import create_app
from admin.embedding import Shelf
from admin.services import Services
from admin.throttle import Throttle
from journeys.definitions import parse
from journeys.filling import fill
from journeys.runs import recompute
from server.erasing import Eraser
from server.replaying import run_again
from store import kept, sign_ins
from store.db import open_db
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import kept_versions, make_live, save_version, versions_to_fill
from store.migrate import migrate_events
from store.projects import Project, create_project, create_write_key, project_by_key
from store.settings import Settings
from store.users import User, create_user, grant, user_by_email
from tests.databases import TABLES

NOW = 1_772_366_400_000  # 2026-03-01 12:00 UTC
DAY = 86_400_000
PASSWORD = "a long enough password"
ADDRESSES = {role: f"{role}@shop.example" for role in ("viewer", "editor", "admin")} | {
    "stranger": "x@other.example"
}
JOURNEY = {
    "key": "buy",
    "name": "Buys something",
    "goal": "An order is paid",
    "idle_timeout": "3d",
    "steps": [
        {"key": "look", "name": "Looks", "stage": "Consideration", "match": [{"page": "/shop*"}]},
        {"key": "cart", "name": "Fills the cart", "stage": "Purchase", "match": [{"event": "Cart Filled"}]},
        {"key": "paid", "name": "Pays", "stage": "Purchase", "match": [{"event": "Order Paid"}]},
    ],
    "fail_on": [{"event": "Card Refused"}],
}


@dataclass
class Shop:
    """The application under test and what it stands on."""

    services: Services
    app: Flask
    project: Project
    other: Project
    people: dict[str, User]
    refreshed: list[tuple[int, set[int]]] = field(default_factory=list)
    refilled: list[bool] = field(default_factory=list)

    def client(self, who: str = "", *, agent: str = "a test") -> FlaskClient:
        """A browser of this name; signed in where a person is named."""
        browser = self.app.test_client()
        if who:
            number = self.people[who].id
            token = sign_ins.begin(self.services.engine, number, address="127.0.0.1", agent=agent, now=NOW)
            with browser.session_transaction() as session:
                session["sign_in"] = token
        return browser


def happened(
    name: str,
    customer: str,
    *,
    day: float,
    kind: str = "track",
    project: int = 1,
    anonymous: bool = False,
    **more: object,
) -> Event:
    """An event of a customer so many days before now."""
    side = "anonymous" if anonymous else "user"
    number = f"{name}-{customer}-{day}-{kind}"
    return Event(
        project=project,
        event_id=event_id(number),
        message_id=number,
        type=kind,
        event=name if kind == "track" else "",
        path=name if kind == "page" else "",
        timestamp=NOW - int(day * DAY),
        received_at=NOW - int(day * DAY),
        identity=identity_hash(side, customer),
        side="browser",
        device=str(more.get("device", "desktop")),
        channel="Direct",
        properties=json.dumps(more.get("properties", {})),
        traits=json.dumps(more.get("traits", {})),
        **{f"{side}_id": customer},
    )


def rare_pages() -> list[Event]:
    """Eleven guests who came to the shop, each with another page next."""
    return [
        happened(name, f"guest{n}", day=9 + n / 100 - minute / 1_000, kind="page")
        for n in range(11)
        for minute, name in enumerate(("/shop", f"/shop/rare{n}"))
    ]


def shop_events(project: int) -> list[Event]:
    """Ada pays, Ben drops at the cart, Cyd fails, Dee has just begun, Eve only looks (long ago)."""
    rows = []
    for who in ("ada", "ben", "cyd"):
        rows += [
            happened(
                "/shop",
                who,
                day=10,
                kind="page",
                project=project,
                device="mobile" if who == "ben" else "desktop",
            ),
            happened("Cart Filled", who, day=9.5, project=project),
        ]
    return [
        *rows,
        happened("Order Paid", "ada", day=9, project=project, properties={"amount": 49}),
        happened("Card Refused", "cyd", day=9, project=project),
        happened("/shop/hats", "ada-phone", day=9.9, kind="page", project=project, anonymous=True),
        happened("/shop/shoes", "dee", day=0.5, kind="page", project=project),
        happened("/shop", "eve", day=20, kind="page", project=project),
    ]


@contextmanager
def a_shop(template_db: Path, shared_events: EventStore, folder: Path) -> Iterator[Shop]:
    """A shop in stores of its own, for as long as several tests need it."""
    path = folder / "waywiser.db"
    shutil.copy(template_db, path)
    engine = open_db(f"sqlite:///{path}", sync="normal")
    staff(engine)
    events = shared_events.sibling(f"t_{uuid.uuid4().hex[:12]}")
    migrate_events(events)
    yield open_shop(engine, events, folder, create_app)
    events.command(f"drop database if exists `{events.database}`")
    events.close()
    engine.dispose()


@pytest.fixture(scope="session")
def shop(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A shop for all tests that only look."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture(scope="session")
def used_app() -> Callable[[Services], Flask]:
    """An application that serves one shop after another: to make one takes longer than most tests."""
    made: list[tuple[Flask, dict[str, object]]] = []

    def serve(services: Services) -> Flask:
        if not made:
            app = create_app(services)
            made.append((app, dict(app.config)))
        app, config = made[0]
        app.config.update(config)
        throttle = Throttle(services.engine, app.config["SECRET_KEY"])
        app.extensions |= {"waywiser": services, "waywiser_throttle": throttle, "waywiser_shelf": Shelf()}
        return app

    return serve


@dataclass(frozen=True)
class MadeShop:
    """The two stores of a shop that is only copied: to plant and count it takes longer than most tests."""

    path: Path
    events: EventStore

    def copied(
        self, path: Path, events: EventStore, snippet: Path, serve: Callable[[Services], Flask]
    ) -> Shop:
        """The same shop in stores of its own."""
        shutil.copy(self.path, path)
        for table in self.events.query(TABLES):
            if table["n"] and table["name"] != "migrations_applied":
                name = table["name"]
                events.command(
                    f"alter table `{name}` attach partition all from `{self.events.database}`.`{name}`"
                )
        return shop_in(open_db(f"sqlite:///{path}", sync="normal"), events, snippet, serve)


@pytest.fixture(scope="session")
def made_shop(
    staffed_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MadeShop]:
    """A shop to copy."""
    path = tmp_path_factory.mktemp("made-shop") / "waywiser.db"
    shutil.copy(staffed_db, path)
    engine, events = (
        open_db(f"sqlite:///{path}", sync="normal"),
        shared_events.sibling(f"t_{uuid.uuid4().hex[:12]}"),
    )
    migrate_events(events)
    plant(engine, events)
    kept.value(engine, "secret_key")  # so that one application can serve all copies
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()
    yield MadeShop(path, events)
    events.command(f"drop database if exists `{events.database}`")
    events.close()


@pytest.fixture
def own_shop(
    made_shop: MadeShop, events: EventStore, tmp_path: Path, used_app: Callable[[Services], Flask]
) -> Iterator[Shop]:
    """A shop for one test that changes it."""
    shop = made_shop.copied(tmp_path / "shop.db", events, tmp_path, used_app)
    yield shop
    shop.services.engine.dispose()


def staff(engine: Engine) -> None:
    """The shop with a person of each role, and a project of others."""
    project = create_project(engine, key="shop", name="The shop", now=NOW)
    other = create_project(engine, key="other", name="Of others", now=NOW)
    create_write_key(engine, project.id, side="browser", now=NOW)
    for role in ("viewer", "editor", "admin"):
        user = create_user(engine, email=ADDRESSES[role], name=role, password=PASSWORD, now=NOW)
        grant(engine, user.id, project.id, role)
    stranger = create_user(engine, email=ADDRESSES["stranger"], name="x", password=PASSWORD, now=NOW)
    grant(engine, stranger.id, other.id, "admin")


def open_shop(
    engine: Engine,
    events: EventStore,
    snippet: Path,
    serve: Callable[[Services], Flask] = create_app,
) -> Shop:
    """The shop with its people and a filled journey."""
    plant(engine, events)
    return shop_in(engine, events, snippet, serve)


def plant(engine: Engine, events: EventStore) -> None:
    """What happened in the shop of these people, and its journey with its runs."""
    project = project_by_key(engine, "shop")
    events.insert(shop_events(project.id), token="shop")
    ada, phone = Identity("user", "ada"), Identity("anonymous", "ada-phone")
    Ledger(engine, events).join(project.id, [Link(ada, phone, "identify", "e1", NOW)], now=NOW)
    save_version(engine, project.id, dict(parse(JOURNEY).source), by="the test", now=NOW)
    _fill(engine, events)


def shop_in(engine: Engine, events: EventStore, snippet: Path, serve: Callable[[Services], Flask]) -> Shop:
    """The application over a shop that is in these stores."""
    project, other = (project_by_key(engine, key) for key in ("shop", "other"))
    people = {role: user_by_email(engine, address) for role, address in ADDRESSES.items()}
    ledger = Ledger(engine, events)
    refreshed: list[tuple[int, set[int]]] = []
    refilled: list[bool] = []
    eraser = Eraser(engine, events, ledger, Settings(), lambda: NOW, lambda _project, _customers: None)
    services = Services(
        engine=engine,
        events=events,
        ledger=ledger,
        settings=Settings(),
        clock=lambda: NOW,
        refill=lambda: refilled.append(True),
        refresh=lambda one, customers: refreshed.append((one, customers)),
        replay=partial(run_again, engine, Settings()),
        count_customer=eraser.counted,
        wake_eraser=lambda: None,
        refused_of=eraser.refused_of,
        snippet=snippet,
    )
    app = serve(services)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return Shop(services, app, project, other, people, refreshed, refilled)


def fill_all(services: Services) -> None:
    """Count the runs of every version that waits, as the background job does."""
    _fill(services.engine, services.events)


def _fill(engine: Engine, events: EventStore) -> None:
    for version in versions_to_fill(engine):
        fill(events, version, progress=lambda _done, _total: None)
        make_live(engine, version, now=NOW)


@pytest.fixture
def add_events(own_shop: Shop) -> Callable[[list[Event]], None]:
    """Insert more events and bring the runs of their customers up to date."""

    def add(rows: list[Event]) -> None:
        own_shop.services.events.insert(rows, token=f"more-{rows[0].message_id}")
        some = sorted({row.identity for row in rows})
        for version in kept_versions(own_shop.services.engine, own_shop.project.id):
            recompute(own_shop.services.events, version, some, some)

    return add
