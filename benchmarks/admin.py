"""The admin: server time of every page over the demo or a large history.

As it is served, when what takes long follows; with all that follows; and at a second look.
"""

from __future__ import annotations

import html
import re
import secrets
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import Client, TestResponse

from benchmarks import history
from benchmarks.alone import Stopwatch, alone
from benchmarks.tables import many, ms, say, show
from server.demo import loading
from server.house import House
from server.opening import migrate, now_ms
from server.wsgi import admin_app
from store.events import EventStore
from store.journeys import save_version
from store.projects import create_project
from store.settings import Settings
from store.users import create_user, grant

TURNS, QUICK_TURNS = 9, 3
CUSTOMERS, QUICK_CUSTOMERS = 20_000, 2_000
FILES = (".csv", ".json", ".jsonl", ".yaml")
PATIENT_S = 600.0  # no frame in the place of a report
LINK = re.compile(r'(?:href|hx-get)="([^"#]+)"')
# Addresses without a link to them, as a form or a script asks for them.
UNLINKED = {
    "palette.find": "palette?q=a",
    "editor.suggest": "editor/suggest/event?q=a",
    "discovery.between": "discover/between",
    "discovery.suggest": "discover/suggest?q=a",
    "editor.show": "editor",
    "segments.edit": "segments/edit",
}


@dataclass
class Page:
    """One page: its address, and what looks took: as `served`, whole at `first`, whole at a `second` one."""

    endpoint: str
    address: str
    served: list[Stopwatch] = field(default_factory=list)
    first: list[Stopwatch] = field(default_factory=list)
    second: list[Stopwatch] = field(default_factory=list)
    asked: int = 0
    asked_again: int = 0


def run(*, quick: bool, events: int = 0, store: Path | None = None) -> None:
    """Measure and print; with `events`, over a history of so many in the place of the demo.

    In the folder `store` what is measured stays, and is taken from there the next time.
    """
    with tempfile.TemporaryDirectory(prefix="waywiser-admin-") as folder:
        place = (store or Path(folder)).absolute()
        is_there = (place / "waywiser.db").exists()
        settings = Settings(
            database_url=f"sqlite:///{place}/waywiser.db",
            events_url=f"chdb:///{place}/events",
            report_seconds=0,
        )
        if not is_there:
            place.mkdir(parents=True, exist_ok=True)
            say(f"admin: making {f'a history of {many(events)} events' if events else 'the demo'}")
            alone(
                _history if events else _demo, settings, events or (QUICK_CUSTOMERS if quick else CUSTOMERS)
            )
        say("admin: measuring")
        pages, absent, runs = alone(_measured, settings, QUICK_TURNS if quick else TURNS)
        _show(pages, absent, f"{many(events)} events" if events else "the demo", runs)


def _demo(settings: Settings, customers: int) -> None:
    migrate(settings)
    loading.load_demo(settings, seed=7, customers=customers, progress=lambda *_: None)
    with House(settings) as house:
        house.filler.count_sessions()


def _history(settings: Settings, count: int) -> None:
    migrate(settings)
    with House(settings) as house:
        now = now_ms()
        project = create_project(house.engine, key="bench", name="Benchmark", now=now)
        history.write(house.events, count, end=now)
        save_version(house.engine, project.id, dict(history.definition().source), by="bench", now=now)
        house.filler.fill_all()
        house.filler.count_sessions()


def _measured(settings: Settings, turns: int) -> tuple[list[Page], list[str], int]:
    """Every page that can be reached by its links, and the endpoints of those that cannot."""
    with House(settings) as house:
        app, served = admin_app(house, patience_s=PATIENT_S), admin_app(house)
        client, project = _signed_in(house, app)
        visitor, _ = _signed_in(house, served)
        pages, absent = _pages(app, client, project)
        with _counted() as asked:
            for _ in range(turns):
                for page in pages:
                    house.events.command("select 1")  # which counts as a write: nothing kept answers
                    _look(visitor, page, page.served, asked)
                    served.extensions["waywiser"].waiting.close()
                    house.events.command("select 1")
                    page.asked = _look(client, page, page.first, asked)
                    page.asked_again = _look(client, page, page.second, asked)
        runs = house.events.query("select sum(length(runs)) as n from journey_runs final")[0]["n"]
    return pages, absent, runs


def _signed_in(house: House, app: Flask) -> tuple[Client, str]:
    """A browser in which a new admin of the first project is signed in."""
    email = f"{secrets.token_hex(8)}@example.com"
    password = secrets.token_urlsafe(16)
    project = next(iter(loading.projects.all_projects(house.engine)))
    user = create_user(house.engine, email=email, name="Bench", password=password, now=now_ms())
    grant(house.engine, user.id, project.id, "admin")
    client = Client(app)
    form = client.get("/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    data = {"email": email, "password": password, "csrf_token": token[1] if token else ""}
    answer = client.post("/sign-in", data=data)
    if answer.status_code != 302:
        raise RuntimeError(f"signing in was answered with {answer.status_code}")
    return client, project.key


def _pages(app: Flask, client: Client, project: str) -> tuple[list[Page], list[str]]:
    """One address for every endpoint that answers with a page, found by following links."""
    routes = app.url_map.bind("localhost")
    found: dict[str, Page] = {}
    base = f"/p/{project}/"
    waiting = [f"{base}journeys", *(base + one for one in UNLINKED.values())]
    while waiting:
        address = waiting.pop(0)
        try:
            endpoint, _ = routes.match(urlsplit(address).path)
        except HTTPException:
            continue
        is_file = urlsplit(address).path.endswith(FILES)
        if is_file or endpoint in found or endpoint.startswith(("static", "api.", "sign_in.")):
            continue
        answer = client.get(address)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            found[endpoint] = Page(endpoint, address)
            waiting += [one for one in _links(answer, address) if one.startswith(base)]
        elif answer.status_code in (301, 302, 303):
            waiting.append(answer.location)
    wanted = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "project" in rule.arguments and not rule.rule.endswith(FILES)
    }
    return list(found.values()), sorted(wanted - found.keys())


def _links(answer: TestResponse, address: str) -> Iterator[str]:
    for link in LINK.findall(answer.text):
        yield urljoin(address, html.unescape(link))


def _look(client: Client, page: Page, into: list[Stopwatch], asked: list[str]) -> int:
    """Look once; returns how many questions the event store was asked."""
    asked.clear()
    with Stopwatch() as watch:
        answer = client.get(page.address)
        answer.get_data()
    if answer.status_code != 200:
        raise RuntimeError(f"{page.address} was answered with {answer.status_code}")
    into.append(watch)
    return len(asked)


@contextmanager
def _counted() -> Iterator[list[str]]:
    """The questions to the event store."""
    asked: list[str] = []
    query = EventStore.query

    def counted(self: EventStore, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return query(self, sql, *more)

    EventStore.query = counted  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        EventStore.query = query  # type: ignore[method-assign]


def _show(pages: Sequence[Page], absent: Sequence[str], what: str, runs: int) -> None:
    ordered = sorted(pages, key=lambda page: -_middle(page.first, "cpu"))
    looks = [look for page in pages for look in page.first]
    again = [look for page in pages for look in page.second]
    served = [look for page in pages for look in page.served]
    rows = [
        (
            page.endpoint,
            *(ms(_high(page.served, "wall")), ms(_middle(page.served, "wall"))),
            *(ms(_high(page.first, "wall")), ms(_middle(page.first, "wall")), ms(_middle(page.first, "cpu"))),
            *(page.asked, ms(_middle(page.second, "wall")), page.asked_again),
        )
        for page in ordered
    ]
    all_of_them = (
        *(ms(_high(served, "wall")), ms(_middle(served, "wall"))),
        *(ms(_high(looks, "wall")), ms(_middle(looks, "wall")), ms(_middle(looks, "cpu"))),
        *("", ms(_middle(again, "wall")), ""),
    )
    columns = (
        "page",
        "served p95",
        "p50",
        "whole p95",
        "p50",
        "CPU p50",
        "questions",
        "second look p50",
        "questions",
    )
    show(
        f"Admin: server time of {len(pages)} pages over {what} with {many(runs)} runs",
        columns,
        [*rows, ("all pages", *all_of_them)],
        "served: until the page is there; what takes long follows. whole: with all that follows.\n"
        f"p95 of CPU over all: {ms(_high(looks, 'cpu'))}. questions: to the event store. "
        f"Of no page a link was found: {', '.join(absent) or 'none'}.",
    )


def _middle(looks: Sequence[Stopwatch], what: str) -> float:
    return statistics.median(getattr(one, what) for one in looks)


def _high(looks: Sequence[Stopwatch], what: str) -> float:
    """The 95th percentile: of few looks nearly the greatest."""
    values = sorted(getattr(one, what) for one in looks)
    return float(values[min(len(values) - 1, int(0.95 * len(values)))])
