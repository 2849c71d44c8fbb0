"""Data rules: kept by the page and the API alike, and refused where journeys stand against them."""

from __future__ import annotations

from typing import Any

import pytest

from store.rules import ChannelRule, ProjectRules, rules_of, save_rules
from tests.admin.conftest import JOURNEY, NOW, Shop
from tests.admin.test_api import asking

PAGE = "/p/shop/settings/rules"
FORM = {"violations": "mark", "unplanned": "allow", "do": "save"}
SHORT = {**JOURNEY, "key": "short", "idle_timeout": "24h"}


def rules(shop: Shop) -> ProjectRules:
    return rules_of(shop.services.engine, shop.project.id)


def without_journeys(shop: Shop) -> Shop:
    assert asking(shop)("DELETE", "/journeys/buy")[0] == 204
    return shop


def test_the_page_keeps_all_rules(own_shop: Shop) -> None:
    form = {
        "violations": "drop",
        "unplanned": "mark",
        "data_centres": "on",
        "query_parameters": "ref, variant",
        "channels.0.channel": "Partners",
        "channels.0.referrer": "*.partner.example",
        "channels.3.channel": "",
        "channels.7.channel": "Fairs",
        "channels.7.source": " fair-* ",
    }
    answer = own_shop.client("admin").post(PAGE, data=form)
    assert answer.status_code == 302, answer.text
    assert rules(own_shop) == ProjectRules(
        violations="drop",
        unplanned="mark",
        data_centres=True,
        query_parameters=("ref", "variant"),
        channels=(
            ChannelRule(channel="Partners", referrer="*.partner.example"),
            ChannelRule(channel="Fairs", source="fair-*"),
        ),
    )
    shown = own_shop.client("admin").get(PAGE).text
    assert 'value="ref, variant"' in shown
    assert 'value="*.partner.example"' in shown


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"violations": "burn"}, "Must be one of"),
        ({"unplanned": ""}, "Must be one of"),
        ({"channels.0.channel": "Partners"}, "fill at least one pattern"),
        ({"channels.0.source": "x"}, "name the channel"),
        ({"channels.0.channel": "x" * 101, "channels.0.source": "x"}, "name the channel"),
        ({"query_parameters": "a=b"}, "write names as they stand in addresses"),
    ],
)
def test_a_form_that_cannot_be_kept_says_why_and_changes_nothing(
    own_shop: Shop, form: dict[str, str], complaint: str
) -> None:
    answer = own_shop.client("admin").post(PAGE, data=FORM | form)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert rules(own_shop) == ProjectRules()


def test_channel_rows_are_added_moved_and_removed_without_being_kept(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    rows = {"channels.0.channel": "One", "channels.1.channel": "Two"}

    def order(do: str) -> list[str]:
        text = client.post(PAGE, data=FORM | rows | {"do": do}).text
        places = {name: text.index(f'value="{name}"') for name in ("One", "Two") if f'value="{name}"' in text}
        return sorted(places, key=lambda name: places[name]) + ["+"] * text.count("channels.2.channel")

    assert order("channels:add") == ["One", "Two", "+"]
    assert order("channels.1:up") == order("channels.0:down") == ["Two", "One"]
    assert order("channels.0:up") == order("channels.9:remove") == order("nonsense") == ["One", "Two"]
    assert order("channels.0:remove") == ["Two"]
    assert rules(own_shop) == ProjectRules()


def test_a_project_with_longer_journeys_cannot_go_cookieless(own_shop: Shop) -> None:
    client = own_shop.client("admin")
    assert "Buys something" in client.get(PAGE).text
    answer = client.post(PAGE, data=FORM | {"cookieless": "on"})
    assert answer.status_code == 422
    assert "these journeys need more: Buys something" in answer.text
    status, refused = asking(own_shop)("PUT", "/rules", json={"cookieless": True})
    assert (status, refused["code"], refused["field"]) == (409, "journeys_too_long", "cookieless")
    assert not rules(own_shop).cookieless
    assert client.post(PAGE, data=FORM | {"cookieless": "on"}).status_code == 422
    without_journeys(own_shop)
    assert client.post(PAGE, data=FORM | {"cookieless": "on"}).status_code == 302
    assert rules(own_shop).cookieless


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, None),
        ({"idle_timeout": "1d", "window": "86400s"}, None),
        ({"idle_timeout": "25h"}, "idle_timeout"),
        ({"window": "2d"}, "window"),
        ({"steps": [*JOURNEY["steps"][:2], {**JOURNEY["steps"][2], "within": "3d"}]}, "steps.2.within"),  # type: ignore[dict-item,list-item]
    ],
)
def test_a_cookieless_project_takes_no_journey_of_more_than_a_day(
    own_shop: Shop, changes: dict[str, Any], place: str | None
) -> None:
    save_rules(own_shop.services.engine, own_shop.project.id, ProjectRules(cookieless=True), now=NOW)
    status, answer = asking(own_shop)("POST", "/journeys", json=SHORT | changes)
    if place is None:
        assert status == 201, answer
    else:
        assert (status, answer["field"]) == (400, place)
        assert "known for one day only" in answer["message"]


def test_the_editor_marks_the_limit_that_is_too_long(own_shop: Shop) -> None:
    save_rules(own_shop.services.engine, own_shop.project.id, ProjectRules(cookieless=True), now=NOW)
    form = {
        "name": "Takes long",
        "idle_timeout": "30d",
        "steps.0.name": "Looks",
        "steps.0.match.0.kind": "event",
        "steps.0.match.0.value": "Cart Filled",
        "steps.1.name": "Pays",
        "steps.1.match.0.kind": "event",
        "steps.1.match.0.value": "Order Paid",
        "do": "save",
    }
    client = own_shop.client("editor")
    answer = client.post("/p/shop/editor", data=form)
    assert answer.status_code == 422
    assert 'id="problem-idle_timeout"' in answer.text
    assert client.post("/p/shop/editor", data=form | {"idle_timeout": "12h"}).status_code == 302


def test_the_api_reads_and_replaces_all_rules(own_shop: Shop) -> None:
    ask = asking(own_shop)
    found = ask("GET", "/rules")[1]
    assert found.pop("version")
    assert found == {
        "cookieless": False,
        "violations": "mark",
        "unplanned": "allow",
        "channels": [],
        "query_parameters": [],
        "data_centres": True,
        "session_idle_minutes": 30,
        "session_cap_hours": 24,
    }
    channel = {"channel": "Fairs", "source": "fair", "medium": "", "campaign": "", "referrer": ""}
    status, kept = ask("PUT", "/rules", json={"channels": [channel], "data_centres": False})
    assert (status, kept["channels"], kept["data_centres"]) == (200, [channel], False)
    assert ask("GET", "/rules")[1] == kept
    assert ask("PUT", "/rules", json={})[1]["data_centres"] is True
    assert ask("PUT", "/rules", json={"cookies": False})[0] == 400
    assert asking(own_shop, "editor")("PUT", "/rules", json={})[0] == 403
    assert asking(own_shop, "viewer")("GET", "/rules")[0] == 200


def test_the_snippet_of_a_cookieless_project_carries_the_attribute(own_shop: Shop) -> None:
    page = "/p/shop/settings/install"
    assert "data-cookieless" not in own_shop.client("viewer").get(page).text
    save_rules(own_shop.services.engine, own_shop.project.id, ProjectRules(cookieless=True), now=NOW)
    assert "&#34; data-cookieless&gt;&lt;/script&gt;" in own_shop.client("viewer").get(page).text


def test_a_form_without_its_token_is_refused(own_shop: Shop) -> None:
    own_shop.app.config["WTF_CSRF_ENABLED"] = True
    assert own_shop.client("admin").post(PAGE, data=FORM | {"data_centres": ""}).status_code == 400
    assert rules(own_shop) == ProjectRules()
