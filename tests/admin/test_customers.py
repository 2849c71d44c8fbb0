"""Customers: found by id and trait, shown with profile, timeline and identity graph."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from store.event import identity_hash
from tests.admin.conftest import DAY, NOW, Shop, happened
from tests.admin.test_api import Ask, asking

ADA = identity_hash("user", "ada")
FAY = identity_hash("user", "fay")


def picture_of(page: str) -> dict[str, Any]:
    """What the identity graph on a page is drawn from."""
    found = re.search(r'data-chart="identities"[^>]*data-values=\'([^\']*)\'', page)
    return json.loads(html.unescape(found[1])) if found else {}


def test_search_finds_by_id_and_by_its_start(shop: Shop) -> None:
    for text in ("ada", "ada-pho"):
        page = shop.client("viewer").get(f"/p/shop/customers?q={text}").text
        assert f'/p/shop/customers/{ADA}"' in page, text
    assert "Nobody found" in shop.client("viewer").get("/p/shop/customers?q=zoe").text


def test_the_timeline_marks_where_runs_begin_and_end(shop: Shop) -> None:
    text = shop.client("viewer").get(f"/p/shop/customers/{ADA}").text
    began, ended = text.index("run began"), text.index("succeeded, furthest Pays")
    assert ended < began, "newest first"
    assert "Order Paid" in text
    assert "ada-phone" in text


def test_a_customer_of_another_project_is_not_there(shop: Shop) -> None:
    assert shop.client("stranger").get(f"/p/other/customers/{ADA}").status_code == 404
    assert shop.client("viewer").get("/p/shop/customers/4711").status_code == 404


def test_many_events_come_page_by_page(own_shop: Shop, add_events) -> None:
    add_events([happened("Step", "fay", day=1 + n / 1000, properties={"n": n}) for n in range(150)])
    fay = identity_hash("user", "fay")
    first = own_shop.client("viewer").get(f"/p/shop/customers/{fay}").text
    assert "Show older events" in first
    link = first.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    rest = own_shop.client("viewer").get(link, headers={"HX-Request": "true", "HX-Target": "older"}).text
    assert rest.count('<li class="happening') == 50
    assert "<html" not in rest


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("", {"Order Paid", "/shop", "/shop/hats", "Cart Filled"}),
        ("?kind=page", {"/shop", "/shop/hats"}),
        ("?kind=track&channel=Direct", {"Order Paid", "Cart Filled"}),
        ("?channel=Email", set()),
    ],
)
def test_the_timeline_shows_the_chosen_kind_and_channel(shop: Shop, query: str, labels: set[str]) -> None:
    page = shop.client("viewer").get(f"/p/shop/customers/{ADA}{query}").text
    assert set(re.findall(r"<summary><b>([^<]+)</b>", page)) == labels
    assert ("No events of this kind" in page) == (not labels)
    assert "page (2)" in page


def test_a_place_in_the_timeline_that_no_page_gave_is_refused_in_a_sentence(shop: Shop) -> None:
    client, address = shop.client("viewer"), f"/p/shop/customers/{ADA}?before=rubbish"
    for headers in ({}, {"HX-Request": "true", "HX-Target": "older"}):
        answer = client.get(address, headers=headers)
        assert answer.status_code == 400
        assert "start again without it" in answer.text


def test_a_customer_keeps_its_name_when_no_event_is_of_the_chosen_kind(shop: Shop) -> None:
    dee = identity_hash("user", "dee")
    for query in ("", "?channel=Email"):
        page = shop.client("viewer").get(f"/p/shop/customers/{dee}{query}").text
        assert "<h1>dee</h1>" in page, query


def test_older_events_keep_to_the_chosen_kind(own_shop: Shop, add_events) -> None:
    rows = [happened("Step", "fay", day=1 + n / 1000) for n in range(101)]
    rows += [happened("/shop", "fay", day=2 + n / 1000, kind="page") for n in range(10)]
    add_events(rows)
    first = own_shop.client("viewer").get(f"/p/shop/customers/{FAY}?kind=track").text
    link = html.unescape(re.search(r'hx-get="([^"]*before[^"]*)"', first)[1])
    rest = own_shop.client("viewer").get(link, headers={"HX-Request": "true", "HX-Target": "older"}).text
    assert re.findall(r"<summary><b>([^<]+)</b>", rest) == ["Step"]


def test_past_runs_behind_the_first_five_come_on_demand(own_shop: Shop, add_events) -> None:
    for n in range(8):
        add_events(
            [
                happened("/shop", "fay", day=10 * n + 5, kind="page"),
                happened("Cart Filled", "fay", day=10 * n + 4.9),
            ]
        )
    browser, address = own_shop.client("viewer"), f"/p/shop/customers/{FAY}"
    page = browser.get(address).text
    assert page.count("furthest Fills the cart (2 of 3)") == 5
    assert "Show 3 more" in page
    rest = browser.get(address, headers={"HX-Request": "true", "HX-Target": "more-past"}).text
    assert rest.count("furthest Fills the cart (2 of 3)") == 3
    assert "<html" not in rest


def test_runs_stand_as_bands_beside_the_events_they_last_over(shop: Shop) -> None:
    page = shop.client("viewer").get(f"/p/shop/customers/{ADA}").text
    lines = re.findall(r'<span class="bands".*?</span>', page)
    assert len(lines) == 4 + 2, "an event a line, and the two marks"
    assert [line.count("is-succeeded") for line in lines] == [1] * 6
    assert "is-last" in lines[0]
    assert "is-first" in lines[-1]


def test_a_run_under_way_says_its_step_and_the_time_left(shop: Shop) -> None:
    page = shop.client("viewer").get(f"/p/shop/customers/{identity_hash('user', 'dee')}").text
    assert "Under way now" in page
    assert "step 1 of 3" in page
    assert "2.5 days" in page
    assert "Under way now" not in shop.client("viewer").get(f"/p/shop/customers/{ADA}").text


def test_traits_are_shown_with_former_values_and_as_they_were(own_shop: Shop, add_events) -> None:
    told = [(5, {"plan": "trial"}), (3, {"plan": "<b>pro</b>"})]
    add_events([happened("", "fay", day=day, kind="identify", traits=traits) for day, traits in told])
    browser = own_shop.client("viewer")
    page = browser.get(f"/p/shop/customers/{FAY}").text
    assert "The value now" in page
    assert "1 former value" in page
    assert page.index("&lt;b&gt;pro&lt;/b&gt;") < page.index("trial")
    then = browser.get(f"/p/shop/customers/{FAY}?at=2026-02-25T00:00").text
    card = then[then.index('id="traits"') : then.index("As they were on")]
    assert "The value as it was on" in card
    assert ("trial" in card, "pro&lt;" in card) == (True, False)
    assert browser.get(f"/p/shop/customers/{FAY}?at=yesterday").status_code == 400


def test_revenue_says_which_events_it_is_made_of(own_shop: Shop, add_events) -> None:
    order = {"total": 1234.5, "currency": "EUR"}
    refund = {"total": 100, "currency": "EUR"}
    add_events(
        [
            happened("Order Completed", "fay", day=2, properties=order),
            happened("Order Refunded", "fay", day=1, properties=refund),
        ]
    )
    page = own_shop.client("viewer").get(f"/p/shop/customers/{FAY}").text
    assert "1,134.50 EUR" in page
    assert "100 given back in 1 refund" in page
    assert "Revenue is the sum of Order Completed, Order Refunded" in page


def test_the_identity_graph_tells_standing_edges_from_those_that_join_nothing(own_shop: Shop) -> None:
    phone = identity_hash("anonymous", "ada-phone")
    before = picture_of(own_shop.client("viewer").get(f"/p/shop/customers/{ADA}").text)
    assert {(one["kind"], one["value"]) for one in before["nodes"]} == {
        ("user", "ada"),
        ("anonymous", "ada-phone"),
    }
    assert [(one["rule"], one["state"]) for one in before["edges"]] == [("identify", "standing")]
    own_shop.services.ledger.unmerge(own_shop.project.id, ADA, phone, now=NOW)
    after = picture_of(own_shop.client("viewer").get(f"/p/shop/customers/{ADA}").text)
    assert [one["state"] for one in after["edges"]] == ["retracted"]
    assert {one["value"]: one.get("apart", False) for one in after["nodes"]} == {
        "ada": False,
        "ada-phone": True,
    }


def test_the_api_answers_the_whole_profile(own_shop: Shop, add_events) -> None:
    told = [(5, {"plan": "trial"}), (3, {"plan": "pro"})]
    rows = [happened("", "fay", day=day, kind="identify", traits=traits) for day, traits in told]
    rows.append(happened("Order Completed", "fay", day=2, properties={"total": 5, "currency": "EUR"}))
    rows.append(happened("/shop", "fay", day=1, kind="page"))
    add_events(rows)
    ask: Ask = asking(own_shop)
    status, found = ask("GET", f"/customers/{FAY}")
    assert status == 200
    assert (found["n"], found["active_days"], found["sessions"]) == (4, 4, 2)
    assert (found["first_seen"], found["last_seen"]) == (
        "2026-02-24T12:00:00.000Z",
        "2026-02-28T12:00:00.000Z",
    )
    assert found["traits"] == {"plan": "pro"}
    assert [(one["currency"], one["amount"]) for one in found["revenue"]] == [("EUR", 5)]
    assert [(run["journey"], run["outcome"], run["step"]) for run in found["runs"]] == [
        ("buy", "in_time", "look")
    ]
    assert found["runs"][0]["seconds_left"] == 2 * DAY // 1000
    then = ask("GET", f"/customers/{FAY}?at=2026-02-25")[1]
    assert (then["traits"], then["traits_at"]) == ({"plan": "trial"}, "2026-02-25T00:00:00.000Z")
    assert ask("GET", f"/customers/{FAY}?at=soon")[0] == 400
    plan = ask("GET", f"/customers/{FAY}/traits")[1]["traits"][0]
    assert (plan["value"], [one["value"] for one in plan["former"]]) == ("pro", ["trial"])
    assert ask("GET", "/customers/4711")[0] == 404
    assert ask("GET", f"/customers/{FAY}/timeline?kind=page")[1]["events"][0]["label"] == "/shop"
