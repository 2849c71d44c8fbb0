"""Upkeep of runs from the admin: a filling is paused and goes on, and stored runs are checked."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from journeys.definitions import parse
from server.checker import Checker
from store import audit
from store.event import identity_hash
from store.journeys import live_journey, note_progress, save_version, versions_of
from store.projects import create_api_token
from tests.admin.conftest import JOURNEY, NOW, Shop, fill_all

BANNER = "/p/shop/journeys/buy/filling"
SYSTEM = "/p/shop/settings/system"
NEWER = {**JOURNEY, "idle_timeout": "2d"}


def told(shop: Shop) -> list[str]:
    return [line["did"] for line in audit.lines(shop.services.engine, shop.project.id)]


def begin(shop: Shop) -> None:
    """A newer version of which one part of three is counted."""
    version = save_version(shop.services.engine, shop.project.id, dict(parse(NEWER).source), by="", now=NOW)
    note_progress(shop.services.engine, version.id, done=1, total=3)


def states(shop: Shop) -> list[str]:
    return [one.status for one in versions_of(shop.services.engine, shop.project.id, "buy")]


def call(shop: Shop, method: str, path: str, *, role: str = "admin", **body: Any) -> TestResponse:
    token = create_api_token(shop.services.engine, shop.project.id, name="test", role=role, now=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    given = {"json": body} if method == "POST" else {}
    return shop.client().open(f"/api/v1/journeys/{path}", method=method, headers=headers, **given)


def test_a_filling_is_paused_and_goes_on_by_a_button(own_shop: Shop) -> None:
    begin(own_shop)
    assert "<button" not in own_shop.client("viewer").get(BANNER).text
    editor = own_shop.client("editor")
    assert ">Pause</button>" in editor.get(BANNER).text
    ours = {"HX-Request": "true"}
    paused = editor.post(f"{BANNER}/pause", headers=ours).text
    assert "waits to be counted on" in paused
    assert ">Continue</button>" in paused
    assert states(own_shop) == ["paused", "live"]
    without_script = editor.post(f"{BANNER}/resume")
    assert without_script.location.endswith("/p/shop/journeys/buy/funnel")
    assert states(own_shop) == ["filling", "live"]
    assert own_shop.refilled == [True]
    editor.post(f"{BANNER}/resume", headers=ours)
    assert told(own_shop) == [
        "let the counting of the journey buy go on",
        "paused the counting of the journey buy",
    ]


def test_a_filling_is_paused_and_goes_on_over_the_api(own_shop: Shop) -> None:
    assert call(own_shop, "POST", "buy/filling/pause").status_code == 409
    begin(own_shop)
    paused = call(own_shop, "POST", "buy/filling/pause", role="editor").json
    assert paused == {"versions": [{"version": 2, "progress": {"done": 1, "total": 3}}]}
    assert states(own_shop) == ["paused", "live"]
    assert call(own_shop, "POST", "buy/filling/pause").json["code"] == "not_filling"
    assert call(own_shop, "POST", "buy/filling/resume").status_code == 200
    assert call(own_shop, "POST", "buy/filling/resume").json["code"] == "not_paused"
    assert states(own_shop) == ["filling", "live"]
    assert len([one for one in told(own_shop) if "/filling/" in one]) == 2


@pytest.fixture
def checker(own_shop: Shop) -> Checker:
    """What makes the checks in the background."""
    given = own_shop.services
    return Checker(given.engine, given.events, given.ledger, given.clock, pauses_s=(0,))


def test_an_admin_has_the_runs_checked_on_the_page_of_system_health(own_shop: Shop, checker: Checker) -> None:
    admin = own_shop.client("admin")
    assert "not checked yet" in admin.get(SYSTEM).text
    assert own_shop.client("editor").post(f"{SYSTEM}/check").status_code == 403
    answer = admin.post(f"{SYSTEM}/check", follow_redirects=True).text
    assert "The runs are being checked." in answer
    assert "it waits to be checked" in answer
    assert checker.do_one()
    assert "5 checked, all as their events make them" in admin.get(SYSTEM).text
    assert told(own_shop) == ["asked for a check of the runs of all journeys"]


def test_runs_are_checked_over_the_api(own_shop: Shop, checker: Checker) -> None:
    assert call(own_shop, "GET", "buy/check", role="viewer").status_code == 404
    assert call(own_shop, "POST", "buy/check", role="editor").status_code == 403
    asked = call(own_shop, "POST", "buy/check", most=100, seed=3)
    assert (asked.status_code, asked.json["state"], asked.json["asked_by"]) == (
        202,
        "waiting",
        "API token test",
    )
    own_shop.services.events.command(
        "delete from journey_runs where customer = {who:UInt64}", {"who": identity_hash("user", "eve")}
    )
    assert checker.do_one()
    found = call(own_shop, "GET", "buy/check", role="viewer").json
    assert (found["state"], found["checked"], found["differing"], found["most"]) == ("done", 5, 1, 100)
    assert [one["customer"] for one in found["found"]] == [str(identity_hash("user", "eve"))]
    assert found["says"].startswith("1 of 5 have other runs")


def test_what_is_counted_for_the_first_time_is_not_checked(own_shop: Shop) -> None:
    first = {**JOURNEY, "key": "first"}
    save_version(own_shop.services.engine, own_shop.project.id, dict(parse(first).source), by="", now=NOW)
    assert call(own_shop, "POST", "first/check").json["code"] == "not_counted"
    fill_all(own_shop.services)
    assert call(own_shop, "POST", "first/check").status_code == 202


def test_another_name_is_there_at_once(own_shop: Shop) -> None:
    renamed = {**JOURNEY, "name": "Buys a hat", "owner": "growth@shop.example"}
    token = create_api_token(own_shop.services.engine, own_shop.project.id, name="t", role="editor", now=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    saved = own_shop.client().put("/api/v1/journeys/buy", json=renamed, headers=headers)
    assert (saved.json["version"], saved.json["status"]) == (2, "live")
    answering = live_journey(own_shop.services.engine, own_shop.project.id, "buy")
    assert answering.definition["name"] == "Buys a hat"
    page = own_shop.client("viewer").get("/p/shop/journeys/buy/funnel?days=30").text
    assert "Buys a hat" in page
    assert "is being counted" not in page
