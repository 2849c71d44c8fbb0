"""A second look at a journey asks the event store nothing; whatever changes a number makes it ask again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from journeys.answers import Answers
from journeys.reports import TABS
from store.event import Event
from store.projects import create_api_token
from tests.admin.conftest import NOW, Shop, happened


@pytest.fixture
def asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions to the event store, while nothing is kept of what other tests asked."""
    monkeypatch.setitem(shop.app.extensions, "waywiser", replace(shop.services, answers=Answers()))
    questions: list[str] = []
    query = shop.services.events.query

    def counted(sql: str, *more: Any) -> Any:
        questions.append(sql)
        return query(sql, *more)

    monkeypatch.setattr(shop.services.events, "query", counted)
    return questions


def without_tokens(text: str) -> str:
    return re.sub(r'(name="csrf-token" content|name="csrf_token" value)="[^"]*"', "", text)


@pytest.mark.parametrize("tab", [one.name for one in TABS])
def test_a_second_look_asks_the_event_store_nothing(shop: Shop, asked: list[str], tab: str) -> None:
    client = shop.client("viewer")
    first = without_tokens(client.get(f"/p/shop/journeys/buy/{tab}?days=30").text)
    assert asked
    asked.clear()
    assert without_tokens(client.get(f"/p/shop/journeys/buy/{tab}?days=30").text) == first
    assert asked == []


def test_the_file_and_the_api_answer_from_what_the_page_has_computed(shop: Shop, asked: list[str]) -> None:
    token = create_api_token(shop.services.engine, shop.project.id, name="t", role="viewer", now=NOW)
    page = shop.client("viewer").get("/p/shop/journeys/buy/timing?from=2026-02-01&through=2026-02-20")
    assert page.status_code == 200
    asked.clear()
    headers = {"Authorization": f"Bearer {token}"}
    for ending in ("", ".csv"):
        answer = shop.app.test_client().get(
            f"/api/v1/journeys/buy/timing{ending}?from=2026-02-01&to=2026-02-21", headers=headers
        )
        assert answer.status_code == 200
    assert asked == []


def test_an_event_is_seen_at_the_next_look(own_shop: Shop, add_events: Callable[[list[Event]], None]) -> None:
    client = own_shop.client("viewer")
    assert ">5</a>" in client.get("/p/shop/journeys/buy/funnel?days=30").text
    add_events([happened("/shop", "zoe", day=1, kind="page")])
    assert ">6</a>" in client.get("/p/shop/journeys/buy/funnel?days=30").text


def test_time_that_passes_decides_what_was_in_time(own_shop: Shop) -> None:
    client, path = own_shop.client("viewer"), "/p/shop/journeys/buy/runs?days=90&number=in_time"
    assert "In time: 1 run" in client.get(path).text
    own_shop.app.extensions["waywiser"] = replace(own_shop.services, clock=lambda: NOW + 8 * 86_400_000)
    assert "In time: 0 runs" in client.get(path).text
