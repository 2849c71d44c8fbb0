"""A second look at a journey asks the event store nothing; whatever changes a number makes it ask again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from journeys.answers import Answers
from journeys.reports import TABS
from journeys.segment_definitions import parse_segment
from journeys.segment_saving import keep_segment
from store.event import Event
from store.events import EventStore
from store.projects import create_api_token
from tests.admin.conftest import NOW, Shop, happened
from tests.admin.tokens import without_tokens


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


@pytest.mark.parametrize("tab", [one.name for one in TABS])
def test_a_second_look_asks_the_event_store_nothing(shop: Shop, asked: list[str], tab: str) -> None:
    client = shop.client("viewer")
    first = without_tokens(client.get(f"/p/shop/journeys/buy/{tab}?days=30").text)
    assert asked
    asked.clear()
    assert without_tokens(client.get(f"/p/shop/journeys/buy/{tab}?days=30").text) == first
    assert asked == []


SEGMENT = {"key": "ordered", "name": "Ordered", "all": [{"journey": "buy", "state": "succeeded"}]}
BETWEEN = "start=page:/shop*&goal=event:Order Paid"
QUESTIONS = (
    "/p/shop/discover/journeys?days=30",
    f"/p/shop/discover/between?{BETWEEN}",
    "/p/shop/explore?days=30&start=/shop&gap=1d",
    "/p/shop/segments/size/ordered?journey=buy",
    "/p/shop/me/digest",
    "/p/shop/journeys",
    "/p/shop/lifecycle?days=30",
    "/p/shop/sessions?days=30&device=desktop",
)


@pytest.mark.parametrize("path", QUESTIONS)
def test_what_asks_no_single_journey_is_kept_as_well(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    given, questions = own_shop.services, []
    keep_segment(given.engine, given.events, own_shop.project.id, parse_segment(SEGMENT), by="t", now=NOW)
    query = EventStore.query

    def counted(self: EventStore, sql: str, *more: Any) -> Any:
        questions.append(sql)
        return query(self, sql, *more)

    monkeypatch.setattr(EventStore, "query", counted)
    client = own_shop.client("viewer")
    first = without_tokens(client.get(path).text)
    assert questions
    questions.clear()
    assert without_tokens(client.get(path).text) == first
    assert questions == []
    given.events.insert([happened("Order Paid", "zoe", day=1)], token="later")
    client.get(path)
    assert questions


def test_the_files_and_the_api_of_discovery_and_explore_share_their_answers(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = create_api_token(own_shop.services.engine, own_shop.project.id, name="t", role="viewer", now=NOW)
    client, program = own_shop.client("viewer"), own_shop.app.test_client()
    page, api = ("from=2026-02-01&through=2026-02-20", "from=2026-02-01&to=2026-02-21")
    assert client.get(f"/p/shop/discover/journeys?{page}").status_code == 200
    assert client.get(f"/p/shop/discover/between?{page}&{BETWEEN}").status_code == 200
    assert client.get(f"/p/shop/explore?{page}&start=page:/shop").status_code == 200

    def broken(_self: EventStore, sql: str, *_: Any) -> Any:
        pytest.fail(f"asked for: {sql[:200]}")

    monkeypatch.setattr(EventStore, "query", broken)
    for path in (
        f"/p/shop/discover/journeys.csv?{page}",
        f"/p/shop/discover/steps.csv?{page}&{BETWEEN}",
        f"/p/shop/discover/ways.csv?{page}&{BETWEEN}",
        f"/p/shop/explore/paths.csv?{page}&start=page:/shop",
    ):
        assert client.get(path).status_code == 200
    for path in (
        f"/api/v1/discovery/journeys?{api}",
        f"/api/v1/discovery/steps.csv?{api}&{BETWEEN}",
        f"/api/v1/explore/paths?{api}&start=page:/shop",
    ):
        answer = program.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text


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
