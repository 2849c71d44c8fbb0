"""A stage for the snippet: a site with pages, a real collector behind it, and the event store to look into.

The collector is a process of its own, so that it can go away and come back. The worker runs here, when asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect, request
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import Engine
from werkzeug.serving import make_server

from collector.carrier import Carrier
from collector.pipeline import Tools
from collector.worker import Worker
from store.batches import Batches
from store.db import open_db
from store.events import EventStore
from store.identity import Ledger
from store.plans import KnownPlans
from store.projects import create_project, create_write_key
from store.rules import KnownRules, ProjectRules, save_rules
from store.settings import Settings
from tests.browser.company import now_ms
from tests.installation import Installation, Running

PATIENCE_S = 30
QUIET_S = 0.4  # for so long nothing more may come
ROWS = """
select timestamp as at, type, event, path, anonymous_id as visitor, user_id as user, session, sequence,
    properties, context
from events where project = {project:UInt32} order by sequence, timestamp
"""


@dataclass
class Site:
    """Serves the pages that a scenario puts into it, under every name that leads here."""

    pages: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    port: int = 0

    def app(self) -> Flask:
        """Pages by path, a file to download, and a place for forms."""
        app = Flask("site")

        @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
        @app.route("/<path:path>", methods=["GET", "POST"])
        def show(path: str) -> Any:
            if request.method == "POST":
                return redirect("/thanks", 303)
            html, headers = self.pages.get(f"/{path}", ("", {}))
            return Response(html, 200 if html else 404, headers, content_type="text/html; charset=utf-8")

        return app

    def at(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a page."""
        return f"http://{host}:{self.port}{path}"


class Ground:
    """What all scenarios stand on: one collector process, one site, one browser."""

    def __init__(self, folder: Path, browser: Browser, events: EventStore, **settings: str) -> None:
        self.installation = Installation(folder, **settings)
        self.browser, self.events = browser, events
        self.settings = Settings()
        self.site = Site()
        self.projects = 0

    def open(self) -> None:
        """Make the stores and start the collector."""
        self.installation.init()
        self.engine: Engine = open_db(f"sqlite:///{self.installation.folder}/data/waywiser.db", sync="normal")
        self.collector: Running = self.start()

    def start(self) -> Running:
        """Start the collector, or start it again."""
        self.collector = self.installation.spawn("collector", port=self.installation.port)
        return self.collector

    def worker(self) -> Worker:
        """A worker of this process, with everything real."""
        ledger = Ledger(self.engine, self.events)
        carrier = Carrier(
            batches=Batches(self.engine),
            claims=None,
            events=self.events,
            ledger=ledger,
            tools=Tools.opened(self.settings, KnownRules(self.engine).of, KnownPlans(self.engine).of),
            clock=now_ms,
            after=lambda *_: None,
        )
        return Worker(carrier, most_events=self.settings.batch_events)


@dataclass
class Stage:
    """One scenario: a project with its key, pages, and a visitor's browser."""

    ground: Ground
    project: int
    key: str
    visitor: BrowserContext
    expected: int = 0

    @property
    def collector(self) -> str:
        """The address of the collector."""
        return self.ground.installation.address

    def script(self, attributes: str = 'data-auto="links forms"', file: str = "w.js") -> str:
        """The line to paste. Engagement depends on time and has scenarios of its own."""
        return f'<script async src="{self.collector}/{file}" data-key="{self.key}" {attributes}></script>'

    def collector_at(self, host: str) -> str:
        """The collector under a name of its own."""
        return f"http://{host}:{self.ground.installation.port}"

    def put(
        self, path: str, body: str = "", *, head: str | None = None, headers: dict[str, str] | None = None
    ) -> str:
        """Put a page there, with the snippet unless another head is given; returns its address."""
        inside = self.script() if head is None else head
        html = f"<!doctype html><title>{path}</title><link rel=icon href='data:,'>{inside}<body>{body}"
        self.ground.site.pages[path] = (html, headers or {})
        return self.ground.site.at(path)

    def open(self, address: str, *, page: Page | None = None) -> Page:
        """Open a page and wait until the snippet runs there."""
        page = page or self.visitor.new_page()
        page.goto(address)
        page.wait_for_function("window.waywiser && waywiser.version")
        return page

    def happened(self) -> list[dict[str, Any]]:
        """Everything that the event store holds of this scenario, in the order of the browser."""
        self.ground.worker().drain()
        return self.ground.events.query(ROWS, {"project": self.project})

    def arrived(self, count: int, *, seconds: float = PATIENCE_S) -> list[dict[str, Any]]:
        """Wait until so many events are stored."""
        end = time.monotonic() + seconds
        while len(found := self.happened()) < count and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def all_told(self, count: int) -> list[dict[str, Any]]:
        """The same once nothing more comes: an event too many must show, too."""
        self.arrived(count)
        time.sleep(QUIET_S)
        return self.happened()


def in_short(event: dict[str, Any]) -> str:
    """An event as the table of scenarios writes it."""
    return (
        f"{event['type']} {event['event'] or event['path']}"
        if event["type"] in ("page", "track")
        else event["type"]
    )


@contextmanager
def served_app(app: Flask) -> Iterator[int]:
    """An application at a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def served(site: Site) -> Iterator[None]:
    """The site at a port of its own."""
    with served_app(site.app()) as site.port:
        yield


def stage_on(ground: Ground, *, cookieless: bool = False, **visitor: Any) -> Stage:
    """A fresh project and a fresh visitor."""
    ground.projects += 1
    name = f"scenario-{ground.projects}"
    project = create_project(ground.engine, key=name, name=name, now=now_ms())
    if cookieless:
        save_rules(ground.engine, project.id, ProjectRules(cookieless=True), now=now_ms())
    key = create_write_key(ground.engine, project.id, side="browser", now=now_ms())
    ground.site.pages.clear()
    return Stage(ground, project.id, key, ground.browser.new_context(**visitor))
