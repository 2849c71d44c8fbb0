"""A collector with real stores: a project with keys, the door's application, an inbox, workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from collector import Door, create_app
from collector.carrier import Carrier
from collector.pipeline import Tools
from collector.worker import Worker
from store.batches import Batches
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Envelope, Inbox
from store.plans import KnownPlans
from store.projects import create_project, create_write_key
from store.rules import KnownRules
from store.settings import Settings

NOW = 1_760_000_000_000  # 2025-10-09T08:53:20Z


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Site:
    """One project and the collector in front of it."""

    engine: Engine
    inbox: Inbox
    clock: Clock
    app: Flask
    project: int
    browser_key: str
    server_key: str
    settings: Settings = field(default_factory=Settings)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **options: Any) -> Any:
        """POST to the door, as the server key unless another is given."""
        headers = {"Authorization": f"Bearer {key or self.server_key}"} | options.pop("headers", {})
        if body is not None:
            options["json"] = body
        return self.app.test_client().post(path, headers=headers, **options)

    def envelopes(self) -> list[Envelope]:
        """What waits in the inbox, given back afterwards."""
        batch = Batches(self.engine).claim(now=self.clock.now + 1, most_events=1_000_000)
        if batch is None:
            return []
        Batches(self.engine).release(batch)
        return list(batch.envelopes())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(engine: Engine) -> Iterator[Inbox]:
    inbox = Inbox(engine)
    yield inbox
    inbox.close()


@pytest.fixture
def open_site(engine: Engine, inbox: Inbox, clock: Clock, tmp_path: Path) -> Callable[..., Site]:
    """Makes a site with the settings that a test wants."""
    project = create_project(engine, key="shop", name="Shop", now=NOW)
    browser_key = create_write_key(engine, project.id, side="browser", now=NOW)
    server_key = create_write_key(engine, project.id, side="server", now=NOW)

    def make(settings: Settings | None = None) -> Site:
        settings = settings or Settings()
        door = Door(
            engine=engine,
            inbox=inbox,
            settings=settings,
            clock=clock,
            snippet=tmp_path / "dist",
            rules=KnownRules(engine).of,
        )
        app = create_app(door)
        return Site(engine, inbox, clock, app, project.id, browser_key, server_key, settings)

    return make


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


@pytest.fixture
def make_worker(engine: Engine, inbox: Inbox, events: EventStore, clock: Clock) -> Callable[..., Worker]:
    """Makes workers on the test's stores; parts can be replaced."""

    def make(**parts: Any) -> Worker:
        settings: Settings = parts.pop("settings", Settings())
        plans = parts.pop("plans", KnownPlans(engine).of)
        own: dict[str, Any] = {
            "batches": Batches(engine),
            "claims": None,
            "events": events,
            "ledger": Ledger(engine, events),
            "tools": Tools.opened(settings, KnownRules(engine).of, plans),
            "clock": clock,
            "after": lambda *_: None,
        }
        return Worker(Carrier(**(own | parts)), most_events=settings.batch_events)

    return make
