"""A believable company in real stores and the admin in a thread: what browser tests and pictures look at."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy import Engine
from werkzeug.serving import make_server

import server.demo
from admin.app import create_app
from admin.services import Services
from collector.carrier import Carrier
from collector.counters import Counters
from collector.pipeline import Tools
from collector.worker import Worker
from journeys.definitions import parse_yaml
from journeys.runs import recompute
from server.doctor import running
from server.erasing import Eraser
from server.filler import Filler
from server.replaying import run_again
from server.wsgi import SNIPPET
from store.batches import Batches
from store.drops import DropRow
from store.events import EventStore
from store.identity import Ledger
from store.inbox import Envelope, Inbox
from store.journeys import kept_versions, save_version
from store.plans import KnownPlans
from store.projects import Project, create_project, create_write_key
from store.rules import KnownRules
from store.settings import Settings
from store.users import create_user, grant

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EMAIL, PASSWORD = "grace@fernhill.example", "a long enough password"
JOURNEYS = Path(server.demo.__file__).parent / "journeys"


@dataclass
class Company:
    """The stores, what serves them, and the project that is looked at."""

    services: Services
    filler: Filler
    project: Project | None = None

    def fill(self) -> None:
        """Count the runs of every journey version that waits."""
        self.filler.fill_all()


def now_ms() -> int:
    """The time, in milliseconds."""
    return time.time_ns() // 1_000_000


def empty_company(engine: Engine, events: EventStore) -> Company:
    """An installation before set-up."""
    ledger, filler = Ledger(engine, events), Filler(engine, events)

    def refresh(project: int, customers: set[int], _: object = None) -> None:
        ordered = sorted(customers)
        for version in kept_versions(engine, project):
            recompute(events, version, ordered, ledger.identities_of(project, ordered))

    eraser = Eraser(engine, events, ledger, Settings(), now_ms, refresh)
    return Company(
        Services(
            engine,
            events,
            ledger,
            Settings(),
            now_ms,
            lambda: filler.fill_all() and None,
            refresh,
            partial(run_again, engine, Settings()),
            eraser.counted,
            lambda: None,
            eraser.refused_of,
            SNIPPET,
            checkup=partial(running, engine, events, Settings(), counters=Counters(), chores=[filler.chore]),
        ),
        filler,
    )


def found(company: Company, *, customers: int, until: datetime | None = None) -> None:
    """Give the company a project, an admin, and the demo's events, up to a moment, by the real pipeline."""
    given = company.services
    project = create_project(
        given.engine, key="fernhill", name="Fernhill", timezone="Europe/London", now=now_ms()
    )
    user = create_user(given.engine, email=EMAIL, name="Grace Okoro", password=PASSWORD, now=now_ms())
    grant(given.engine, user.id, project.id, "admin")
    create_write_key(
        given.engine, project.id, side="browser", origins=("https://fernhill.example",), now=now_ms()
    )
    create_write_key(given.engine, project.id, side="server", now=now_ms())
    company.project = project
    told = server.demo.messages(seed=7, now=until or datetime.now(UTC), customers=customers)
    send(company, list(told))
    for path in sorted(JOURNEYS.glob("*.yaml")):
        definition = parse_yaml(path.read_text())
        save_version(given.engine, project.id, dict(definition.source), by=EMAIL, now=now_ms())
    company.fill()


def send(company: Company, messages: list[dict[str, object]], *, drops: list[DropRow] | None = None) -> None:
    """Carry messages from an envelope to the stores as the collector and its worker do."""
    given = company.services
    assert company.project is not None
    inbox = Inbox(given.engine)
    carrier = Carrier(
        batches=Batches(given.engine),
        claims=None,
        events=given.events,
        ledger=given.ledger,
        tools=Tools.opened(given.settings, KnownRules(given.engine).of, KnownPlans(given.engine).of),
        clock=now_ms,
        after=given.refresh,
    )
    worker = Worker(carrier, most_events=given.settings.batch_events)
    by_side: dict[str, list[dict[str, object]]] = {"browser": [], "server": []}
    for message in messages:
        library = str((message.get("context") or {}).get("library", {}).get("name", ""))  # type: ignore[attr-defined]
        by_side["browser" if library.endswith("js") else "server"].append(message)
    for side, theirs in by_side.items():
        for start in range(0, len(theirs), 2_000):
            inbox.put(
                Envelope(
                    project=company.project.id,
                    received_at=now_ms(),
                    side=side,
                    history=True,
                    messages=theirs[start : start + 2_000],
                ),
                drops or [],
            )
            drops = None
    worker.drain()
    inbox.close()


def whole(app: WSGIApplication) -> WSGIApplication:
    """The app with each answer read at once: werkzeug leaves a file open when the browser goes away."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        parts = app(environ, start_response)
        try:
            return [b"".join(parts)]
        finally:
            if close := getattr(parts, "close", None):
                close()

    return answer


@contextmanager
def served(company: Company, *, port: int = 0) -> Iterator[str]:
    """The admin of this company at an address of its own."""
    with served_app(create_app(company.services), port=port) as address:
        yield address


@contextmanager
def served_app(app: Flask, *, port: int = 0) -> Iterator[str]:
    """An admin at an address of its own."""
    listening = make_server("127.0.0.1", port, whole(app), threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
