"""Signals and explained changes find what was planted in the demo company, by the way real events take."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from journeys.change import change
from journeys.definitions import parse_yaml
from journeys.period import Period
from journeys.scope import Scope, open_scope
from journeys.signals import signals
from server.demo import messages
from store.db import open_db
from store.events import EventStore
from store.journeys import save_version
from store.migrate import migrate_events
from store.projects import create_project
from tests.browser.company import JOURNEYS, empty_company, send

TODAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = round(TODAY.timestamp() * 1000)
DAY = 86_400_000
LATER = Period(NOW - 38 * DAY, NOW)  # the campaign breaks 38 days before today

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trials(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scope]:
    """The trials of the company, of ninety days."""
    path = tmp_path_factory.mktemp("demo") / "waywiser.db"
    shutil.copy(template_db, path)
    engine, events = open_db(f"sqlite:///{path}", sync="normal"), shared_events.sibling("t_demo_reports")
    migrate_events(events)
    company = empty_company(engine, events)
    company.project = create_project(engine, key="fernhill", name="Fernhill", timezone="UTC", now=NOW)
    send(company, list(messages(seed=7, now=TODAY, customers=4_000)))
    source = parse_yaml((JOURNEYS / "trial-to-paid.yaml").read_text()).source
    save_version(engine, company.project.id, dict(source), by="the test", now=NOW)
    company.fill()
    yield open_scope(engine, events, company.project, "trial-to-paid", start="2025-12-01", now=NOW)
    events.command("drop database t_demo_reports")
    events.close()
    engine.dispose()


def test_signals_find_that_phones_do_not_get_to_a_first_project(trials: Scope) -> None:
    answer = signals(trials, step="project")
    first = answer["signals"][0]
    assert (first["name"], first["value"], first["goes_with"]) == ("device", "mobile", "loss")
    assert first["difference"]["high"] < -0.2
    sure = [one for one in answer["signals"] if one["difference"]["p_adjusted"] < 0.05]
    names = {one["name"] for one in sure}
    assert names <= {"device", "property:load_ms"}, "nothing else is planted there"


def test_signals_find_that_help_before_the_team_is_invited_goes_with_loss(trials: Scope) -> None:
    answer = signals(trials, step="invite", landmark="12h")
    sure = [one for one in answer["signals"] if one["difference"]["p_adjusted"] < 0.05]
    assert {one["goes_with"] for one in sure} == {"loss"}
    asks = {"Chat Started", "Call Answered", "/app/help", "Ticket Opened", "Ticket Answered", "Ticket Solved"}
    assert {one["name"] for one in sure} <= asks
    assert sure


def test_a_change_finds_the_campaign_that_broke(trials: Scope) -> None:
    answer = change(replace(trials, period=LATER), target="signup", age="2d")
    groups = [
        (each["dimension"], one["value"], one) for each in answer["dimensions"] for one in each["groups"]
    ]
    least = min(one["p_rate"] for *_, one in groups if one["p_rate"] is not None)
    named = {(dimension, value): one for dimension, value, one in groups if one["p_rate"] == least}
    assert named["campaign", "free-templates"]["by_rate"]["high"] < 0
    assert named.keys() <= {
        ("campaign", "free-templates"),
        ("source", "facebook"),
        ("channel", "Paid Social"),
    }
    part = named["campaign", "free-templates"]
    assert part["by_rate"]["value"] / answer["change"]["value"] > 2 * part["mean_share"]
