"""Loads the demo company through the same inbox and pipeline that real events take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from collector.moments import moment
from journeys.definitions import parse_yaml
from server.demo import messages
from server.demo.world import Message
from server.house import House
from server.opening import now_ms
from server.progress import Report
from store import kept, projects
from store.inbox import Envelope, put_together, sealed
from store.journeys import save_version
from store.settings import Settings
from store.users import create_user, grant

PROJECT = "fernhill"
EMAIL = "demo@example.com"
AT_ONCE = 500
EVENTS_PER_CUSTOMER = 23.8  # for the progress bar only
JOURNEYS = Path(__file__).parent / "journeys"


def load_demo(settings: Settings, *, seed: int, customers: int, progress: Report) -> dict[str, str]:
    """Load the company where it is not there yet; returns what one needs to look at it."""
    with House(settings) as house:
        owner = _project(house.engine)
        if not _is_loaded(house.engine):
            _events(house, owner.id, seed=seed, customers=customers, progress=progress)
            for file in sorted(JOURNEYS.glob("*.yaml")):
                source = parse_yaml(file.read_text()).source
                save_version(house.engine, owner.id, source, by="demo", now=now_ms())
            house.filler.fill_all(
                lambda version, done, total: progress(f"runs: {version.definition['key']}", done, total)
            )
            kept.value(house.engine, "demo_loaded")
        return {
            "project": PROJECT,
            "write_key": _browser_key(house.engine, owner.id),
            "admin_email": EMAIL,
            "admin_password": kept.value(house.engine, "demo_password"),
        }


def _project(engine: Engine) -> projects.Project:
    found = [one for one in projects.all_projects(engine) if one.key == PROJECT]
    if found:
        return found[0]
    now = now_ms()
    made = projects.create_project(
        engine, key=PROJECT, name="Fernhill (demo)", timezone="Europe/London", now=now
    )
    projects.create_write_key(engine, made.id, side="browser", now=now)
    user = create_user(
        engine, email=EMAIL, name="Demo", password=kept.value(engine, "demo_password"), now=now
    )
    grant(engine, user.id, made.id, "admin")
    return made


def _is_loaded(engine: Engine) -> bool:
    return kept.has(engine, "demo_loaded")


def _browser_key(engine: Engine, project_id: int) -> str:
    rows = projects.write_keys_of(engine, project_id)
    return next(str(row["key_text"]) for row in rows if row["side"] == "browser")


def _events(house: House, project_id: int, *, seed: int, customers: int, progress: Report) -> None:
    now = datetime.fromtimestamp(int(kept.value(house.engine, "demo_now", str(now_ms()))) / 1000, UTC)
    expected = int(customers * EVENTS_PER_CUSTOMER)
    made = 0
    stream = messages(seed=seed, now=now, customers=customers)
    while some := list(islice(stream, 20_000)):
        put_together(house.engine, map(sealed, _envelopes(project_id, some)))
        house.worker.drain()
        made += len(some)
        progress("events", min(made, expected), expected)
    progress("events", made, made)


def _envelopes(project_id: int, some: list[Message]) -> Iterator[Envelope]:
    """Messages in envelopes as the snippet and the SDK would have sent them, soon after they happened."""
    for side, library in (("browser", "waywiser-js"), ("server", "waywiser-python")):
        mine = [one for one in some if _library(one) == library]
        for start in range(0, len(mine), AT_ONCE):
            batch = mine[start : start + AT_ONCE]
            received = max(moment(one["timestamp"]) for one in batch)
            yield Envelope(project=project_id, received_at=received, side=side, messages=batch)


def _library(message: Message) -> str:
    context: Any = message["context"]
    return str(context["library"]["name"])
