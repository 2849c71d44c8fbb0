"""Two hundred journeys in one project: filled, kept up to date and shown by few questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from journeys.definitions import parse
from server.filler import Filler
from server.refreshing import VERSIONS_AT_ONCE, Refresher
from store.events import EventStore
from store.journeys import live_journeys, save_version
from store.news import News, labels_of
from store.privacy.suppression import nobody
from tests.admin.conftest import JOURNEY, NOW, Shop, happened

MANY = 200
FEW = 6  # questions to the event store that a page may ask


@pytest.fixture
def crowded(own_shop: Shop) -> Shop:
    """The shop with as many journeys, each of which begins with another event and ends with the same."""
    given = own_shop.services
    for n in range(1, MANY):
        source = JOURNEY | {
            "key": f"feature-{n}",
            "name": f"Takes up feature {n}",
            "steps": [
                {"key": "use", "name": "Uses it", "match": [{"event": f"Feature {n}"}]},
                {"key": "paid", "name": "Pays", "match": [{"event": "Order Paid"}]},
            ],
        }
        save_version(given.engine, own_shop.project.id, dict(parse(source).source), by="", now=NOW)
    return own_shop


def watched(events: EventStore, patch: pytest.MonkeyPatch) -> tuple[list[str], list[list[int]]]:
    """The questions that are asked, and the versions of each statement that stores runs."""
    query, command = events.query, events.command
    asked, stored = list[str](), list[list[int]]()

    def ask(sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        asked.append(sql)
        return query(sql, parameters)

    def store(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        if "insert into journey_runs" in sql:
            stored.append(list((parameters or {})["journey_versions"]))
        command(sql, parameters)

    patch.setattr(events, "query", ask)
    patch.setattr(events, "command", store)
    return asked, stored


def test_two_hundred_journeys_are_filled_kept_up_to_date_and_shown(
    crowded: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, project = crowded.services, crowded.project.id
    asked, stored = watched(given.events, monkeypatch)
    assert Filler(given.engine, given.events).fill_all() == MANY - 1
    assert sorted(map(len, stored)) == [MANY - 1 - 3 * VERSIONS_AT_ONCE] + [VERSIONS_AT_ONCE] * 3

    refresher = Refresher(given.engine, given.events, given.ledger, nobody, given.clock)

    def arrive(name: str, day: float) -> list[int]:
        """An event of Dee; returns the keys of the journeys whose runs were stored anew."""
        stored.clear()
        row = happened(name, "dee", day=day)
        given.events.insert([row], token=name)
        refresher.refresh(project, {row.identity}, News(labels_of([row]), frozenset()))
        return [len(one) for one in stored]

    assert arrive("Feature 7", 0.4) == [1]
    assert arrive("Unheard Of", 0.35) == []
    assert arrive("Order Paid", 0.3) == [2], "the one that she has begun, and the shop's own"
    refresher.close()

    browser = crowded.client("viewer")
    asked.clear()
    page = browser.get("/p/shop/journeys?days=30").text
    assert page.count("Takes up feature ") >= MANY - 1
    assert len(asked) <= FEW, asked
    for order in ("stake", "rate"):
        asked.clear()
        assert browser.get(f"/p/shop/journeys?days=30&order={order}").status_code == 200
        assert len(asked) <= FEW, order
    asked.clear()
    found = browser.get("/p/shop/palette?q=feature 19").text
    assert "Takes up feature 190" in found
    assert [one.partition("\n")[0] for one in asked] == [
        "-- By which ids are these customers known, how much did each do in all, and when last?"
    ], "that for the customer of this very id, and none of a journey"
    assert len(live_journeys(given.engine, project)) == MANY
