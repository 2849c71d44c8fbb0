"""Path cleaning: proposed, previewed, confirmed, taken back; on the page and over the API."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from store.event import Event, identity_hash
from store.routes import RouteList, routes_of, save_routes
from tests.admin.conftest import NOW, Shop, happened
from tests.admin.test_api import asking

PAGE = "/p/shop/settings/paths"
ORDERS = [happened(f"/order/{n}", "ada", day=0.1 + n / 1000, kind="page") for n in range(100, 105)]
MORE = [
    happened("/order/new", "ada", day=3, kind="page"),
    *(happened(f"/shop/{'xy'[n % 2] * (n + 1)}", "ben", day=2 + n / 1000, kind="page") for n in range(40)),
]


@pytest.fixture
def shop_with_orders(own_shop: Shop, add_events: Callable[[list[Event]], None]) -> Shop:
    add_events([*ORDERS, *MORE])
    return own_shop


def kept(shop: Shop) -> tuple[str, ...]:
    return routes_of(shop.services.engine, shop.project.id).templates


def form(*templates: str, do: str, **more: str) -> dict[str, str]:
    return {**{f"templates.{at}.template": one for at, one in enumerate(templates)}, "do": do, **more}


def in_form(text: str) -> list[str]:
    return [
        html.unescape(one)
        for one in re.findall(r'name="templates\.\d+\.template"[^>]*? value="([^"]*)"', text)
    ]


def stamp(text: str) -> str:
    found = re.search(r'name="previewed" value="(\w+)"', text)
    assert found, text
    return found[1]


def previewed(client: FlaskClient, *templates: str, **more: str) -> str:
    return client.post(PAGE, data=form(*templates, do="preview", **more)).text


def asks_for_its_preview(text: str) -> bool:
    return re.search(r'id="preview"[^>]* hx-trigger="load"', text) is not None


def test_the_page_proposes_what_the_paths_look_like(shop_with_orders: Shop) -> None:
    text = shop_with_orders.client("editor").post(f"{PAGE}/proposals").text
    assert re.findall(r'value="add ([^"]+)"', text) == ["/shop/:slug", "/order/:id"]
    assert "Steps of journeys ask for" not in text, "a step with * asks for all of them"
    assert "/order/100" in text
    assert "/order/new" not in text
    again = shop_with_orders.client("editor").post(f"{PAGE}/proposals", data=form("/order/:id", do="")).text
    assert re.findall(r'value="add ([^"]+)"', again) == ["/shop/:slug"]


def test_a_template_is_added_previewed_and_confirmed(
    shop_with_orders: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    client = shop_with_orders.client("editor")
    shown = client.post(PAGE, data=form("/shop/:slug", do="add /shop/hats")).text
    assert in_form(shown) == ["/shop/hats", "/shop/:slug"], "what is kept apart comes first"
    shown = client.post(PAGE, data=form(do="add /order/:id", seen="0")).text
    assert in_form(shown) == ["/order/:id"]
    assert asks_for_its_preview(shown)
    assert "<noscript><p>Press “Preview the change”.</p></noscript>" in shown
    shown = previewed(client, "/order/:id")
    assert not asks_for_its_preview(shown)
    assert "5 views of 5 paths" in shown
    assert 'value="add /order/100"' in shown, "each of them can be kept apart"
    assert kept(shop_with_orders) == (), "a preview keeps nothing"
    told = form("/order/:id", do="save", seen="0", previewed=stamp(shown))
    with caplog.at_level(logging.INFO, "waywiser.audit"):
        assert client.post(PAGE, data=told).status_code == 302
    assert kept(shop_with_orders) == ("/order/:id",)
    assert "editor@shop.example keeps route templates as version 1: /order/:id" in caplog.text
    assert "editor@shop.example" in client.get(PAGE).text


def test_nothing_is_kept_that_was_not_previewed(shop_with_orders: Shop) -> None:
    client = shop_with_orders.client("editor")
    shown = previewed(client, "/order/:id")
    other = client.post(PAGE, data=form("/order/:slug", do="save", seen="0", previewed=stamp(shown)))
    assert other.status_code == 200
    assert asks_for_its_preview(other.text)
    assert "6 views of 6 paths" in previewed(client, *in_form(other.text))
    assert kept(shop_with_orders) == ()


def test_rows_are_added_moved_and_removed(own_shop: Shop) -> None:
    client = own_shop.client("editor")

    def rows(do: str) -> list[str]:
        return in_form(client.post(PAGE, data=form("/a/:id", "/b/:id", do=do)).text)

    assert rows("templates.1:up") == ["/b/:id", "/a/:id"]
    assert rows("templates.0:remove") == ["/b/:id"]
    assert rows("templates:add") == ["/a/:id", "/b/:id", ""]
    assert kept(own_shop) == ()


@pytest.mark.parametrize("do", ["preview", "save"])
def test_a_template_that_cannot_be_says_why(own_shop: Shop, do: str) -> None:
    answer = own_shop.client("editor").post(PAGE, data=form("", "/a/:id", "/b/:Id", do=do))
    assert answer.status_code == 422
    assert in_form(answer.text) == ["/a/:id", "/b/:Id"]
    assert 'id="problem-templates.1"' in answer.text
    assert "is no variable" in answer.text


def test_a_preview_that_cannot_be_made_says_why_in_its_place(own_shop: Shop) -> None:
    ours = {"HX-Request": "true"}
    answer = own_shop.client("editor").post(PAGE, data=form("/b/:Id", do="preview"), headers=ours)
    assert answer.status_code == 200
    assert "Not counted yet: /b/:Id: &#39;:Id&#39; is no variable" in answer.text
    assert "<main" not in answer.text


def test_a_preview_says_below_each_template_for_what_it_stands(shop_with_orders: Shop) -> None:
    ours, client = {"HX-Request": "true"}, shop_with_orders.client("editor")
    sent = form("", "/order/:id", "/none/:id", do="preview")
    text = client.post(PAGE, data=sent, headers=ours).text
    below = re.findall(r'id="taken-(\d)" hx-swap-oob="true">([^<]*)<', text)
    assert below == [
        ("0", ""),
        ("1", "5 views of 5 paths"),
        ("2", "Stands for nothing in these days, or one above takes it"),
    ]


def test_who_changes_what_somebody_else_has_changed_is_told(own_shop: Shop) -> None:
    client = own_shop.client("editor")
    seen = stamp(previewed(client, "/a/:id", seen="0"))
    save_routes(own_shop.services.engine, own_shop.project.id, ["/b/:id"], by="ann", now=NOW)
    answer = client.post(PAGE, data=form("/a/:id", do="save", seen="0", previewed=seen))
    assert answer.status_code == 409
    assert "Somebody else has changed" in answer.text
    assert kept(own_shop) == ("/b/:id",)
    again = form("/a/:id", do="save", seen="1", previewed=seen)
    assert client.post(PAGE, data=again).status_code == 302
    assert kept(own_shop) == ("/a/:id",)


def test_an_earlier_list_comes_back_by_way_of_its_preview(own_shop: Shop) -> None:
    engine, project, client = own_shop.services.engine, own_shop.project.id, own_shop.client("editor")
    for number, templates in enumerate((["/a/:id", "/b/:id"], ["/b/:id"]), 1):
        save_routes(engine, project, templates, by=f"by{number}", now=NOW)
    shown = client.get(PAGE, query_string={"version": 1}).text
    assert in_form(shown) == ["/a/:id", "/b/:id"]
    assert asks_for_its_preview(shown)
    shown = previewed(client, "/a/:id", "/b/:id")
    assert client.get(PAGE, query_string={"version": 9}).status_code == 404
    back = form("/a/:id", "/b/:id", do="save", seen="2", previewed=stamp(shown))
    assert client.post(PAGE, data=back).status_code == 302
    assert routes_of(engine, project) == RouteList(3, ("/a/:id", "/b/:id"), "editor@shop.example", NOW)


def test_pages_and_the_api_go_by_the_routes(shop_with_orders: Shop) -> None:
    ask, client = asking(shop_with_orders), shop_with_orders.client("viewer")
    ada = shop_with_orders.services.ledger.customers_of(1, {identity_hash("user", "ada")})
    customer = next(iter(ada))

    def seen() -> list[Any]:
        timeline = ask("GET", f"/customers/{customer}/timeline")[1]
        sessions = ask("GET", "/sessions?from=2026-02-01")[1]["sessions"]
        recent = ask("GET", "/events/recent")[1]["events"]
        return [
            [one["label"] for one in timeline["events"]],
            [one["exit"] for one in timeline["sessions"]],
            [one["entry"] for one in sessions],
            [one["label"] for one in recent],
            client.get("/p/shop/live").text,
            client.get(f"/p/shop/customers/{customer}").text,
            client.get("/p/shop/sessions").text,
            client.get("/p/shop/sessions/sessions.csv").text,
            shop_with_orders.client("editor").get("/p/shop/editor/suggest/page").text,
        ]

    before = seen()
    save_routes(
        shop_with_orders.services.engine, shop_with_orders.project.id, ["/order/:id"], by="a", now=NOW
    )
    for raw, clean in zip(before, seen(), strict=True):
        assert "/order/10" in str(raw), raw
        assert "/order/:id" not in str(raw), raw
        assert "/order/:id" in str(clean), clean


def test_the_api_keeps_proposes_and_previews(shop_with_orders: Shop) -> None:
    ask = asking(shop_with_orders)
    none = {"version": 0, "templates": [], "created_by": "", "created_at": None}
    assert ask("GET", "/routes") == (200, none)
    status, found = ask("GET", "/routes/proposals?least=100")
    assert (status, [one["template"] for one in found["proposals"]]) == (200, ["/order/:id"])
    assert ask("GET", "/routes/proposals?least=1")[0] == 400
    earlier = ask("GET", "/routes/proposals?from=2025-01-01&to=2025-02-01")[1]
    assert (earlier["views"], earlier["proposals"]) == (0, [])
    status, found = ask("POST", "/routes/preview", json={"templates": ["/order/:id"]})
    assert (status, found["changed"]) == (200, 5)
    assert [(one["route"], one["views"], one["names"]) for one in found["changes"]] == [("/order/:id", 5, 5)]
    assert ask("PUT", "/routes", json={"templates": ["/a", "/b/:"]})[0] == 400
    assert ask("PUT", "/routes", json={"templates": [f"/{n}" for n in range(201)]})[0] == 400
    status, saved = ask("PUT", "/routes?version=0", json={"templates": ["/order/:id"]})
    assert (status, saved["version"], saved["templates"]) == (200, 1, ["/order/:id"])
    status, refused = ask("PUT", "/routes?version=0", json={"templates": []})
    assert (status, refused["code"], refused["field"]) == (409, "changed", "version")
    assert ask("PUT", "/routes", json={"templates": []})[1]["version"] == 2
    versions = ask("GET", "/routes/versions")[1]["versions"]
    assert [(one["version"], one["templates"]) for one in versions] == [(2, []), (1, ["/order/:id"])]
