"""Discovery over the API, on its pages and as files; a draft opens in the editor."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest

from journeys.definitions import parse
from journeys.discovery import MEANINGS
from store.event import Event
from tests.admin.conftest import Shop, happened
from tests.admin.test_api import asking

FROM = "from=2026-02-01"
BETWEEN = f"{FROM}&start=page:/shop*&goal=event:Order+Paid&within=3d"
ON_PAGE = "days=30&start=/shop*&goal=Order+Paid&within=3d"
NAMES = ("journeys", "ways", "steps")


def page(shop: Shop, path: str, who: str = "viewer") -> str:
    answer = shop.client(who).get(f"/p/shop/discover{path}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_the_ways_of_the_shop_are_answered(shop: Shop) -> None:
    status, answer = asking(shop)("GET", f"/discovery/ways?{BETWEEN}")
    assert status == 200
    assert [answer[name] for name in ("attempts", "reached", "not_reached", "under_way")] == [5, 1, 3, 1]
    (way,) = answer["ways"]
    assert [one["label"] for one in way["way"]] == ["/shop/hats", "Cart Filled"]
    assert (way["n"], way["cumulative"], way["median_seconds"]) == (1, 1, 86_400)
    assert (answer["other"]["n"], answer["other"]["ways"]) == (0, 0)
    assert answer["meanings"] == MEANINGS


def test_the_draft_of_the_answer_is_a_journey_that_can_be_saved(own_shop: Shop) -> None:
    ask = asking(own_shop, "editor")
    answer = ask("GET", f"/discovery/steps?{BETWEEN}")[1]
    cart = next(one for one in answer["steps"] if one["label"] == "Cart Filled")
    assert (cart["reached"], cart["with"]["n"], cart["without"]["n"]) == (1, 3, 1)
    assert [step["name"] for step in answer["draft"]["steps"]] == ["/shop*", "Cart Filled", "Order Paid"]
    assert parse(answer["draft"]).key == "shop-to-order-paid"
    assert ask("POST", "/journeys", json=answer["draft"])[0] == 201


def test_journeys_worth_managing_are_found_and_known_ones_marked(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    rows = []
    for number in range(60):
        who = f"c{number}"
        rows.append(happened("/about", who, day=20, kind="page"))
        if number % 2:
            rows.append(happened("/shop", who, day=19, kind="page"))
        if number % 2 and number % 3:
            rows.append(happened("Order Paid", who, day=18, properties={"amount": 50}))
    add_events(rows)
    answer = asking(own_shop)("GET", f"/discovery/journeys?{FROM}&value=amount")[1]
    pairs = {(one["start"], one["goal"]): one for one in answer["candidates"]}
    assert set(pairs) == {("page:/shop", "event:Order Paid"), ("page:/about", "event:Order Paid")}
    assert pairs["page:/about", "event:Order Paid"]["covered"] == []
    found = pairs["page:/shop", "event:Order Paid"]
    assert found["covered"] == [{"key": "buy", "name": "Buys something"}]
    assert (found["attempts"], found["reached"], found["lost"]) == (34, 21, 13)
    assert answer["customers"] == 65
    text = page(own_shop, "/journeys?days=30&value=amount", "editor")
    assert "covered by" in text
    assert found["score_explained"] in text
    link = re.search(r'href="/p/shop/discover(/draft[^"]+)"', text)
    assert link
    assert 'value="Order Paid"' in page(own_shop, link[1], "editor")
    assert "Make a journey of it" not in page(own_shop, "/journeys?days=30&value=amount")


def test_the_page_between_two_touchpoints(shop: Shop) -> None:
    text = page(shop, f"/between?{ON_PAGE}", "editor")
    assert re.search(r"<dt>.*Reached the goal.*</dt><dd><a [^>]+>1</a>", text)
    assert "may be left out" in text or "required" in text
    link = re.search(r'href="/p/shop/discover(/draft[^"]+)"', text)
    assert link
    editor = page(shop, link[1], "editor")
    assert "<h1>New journey</h1>" in editor
    assert 'value="Cart Filled"' in editor
    assert shop.client("viewer").get(f"/p/shop/discover/draft?{ON_PAGE}").status_code == 403


def test_every_number_has_its_list(shop: Shop) -> None:
    ask = asking(shop)
    answer = ask("GET", f"/discovery/ways?{BETWEEN}")[1]
    cells = {name: answer[name] for name in ("attempts", "reached", "not_reached", "under_way")}
    cells |= {way["cell"]: way["n"] for way in answer["ways"]}
    cells = {answer["cells"]["customers"]: answer["customers"], **cells}
    rate = answer["success_rate"]
    cells[rate["cells"]["half_by"]] = rate["half_by"]
    assert {one: cells[cell] for one, cell in rate["cells"].items()} == {
        one: rate[one] for one in rate["cells"]
    }
    for step in ask("GET", f"/discovery/steps?{BETWEEN}")[1]["steps"]:
        cells |= {step["cell"]: step["n"], step["cell_reached"]: step["reached"]}
    for cell, n in cells.items():
        query = f"{BETWEEN}&now={answer['as_of']}&cell={cell}"
        found = ask("GET", f"/discovery/attempts?{query}")[1]
        assert (found["total"], len(found["attempts"])) == (n, n), cell
    assert ask("GET", f"/discovery/attempts?{BETWEEN}&cell=x")[1]["code"] == "bad_question"
    text = page(shop, f"/between?{ON_PAGE}&rare=shown")
    links = re.findall(r'href="/p/shop/discover(/attempts[^"]+)"[^>]*>(\d+)(?: customers?)?<', text)
    assert len(links) >= 6
    for link, n in links:
        assert re.search(rf"<h1[^>]*>[^<]+: {n}</h1>", page(shop, link)), link


def test_the_list_of_other_names_its_ways(own_shop: Shop, add_events: Callable[[list[Event]], None]) -> None:
    told = [("page", "/shop"), ("track", "Look"), ("track", "Order Paid")]
    add_events(
        [
            happened(
                name if name != "Look" else f"Look {n}", f"guest{n}", day=9 - n / 1_000 - at / 99, kind=kind
            )
            for n in range(24)
            for at, (kind, name) in enumerate(told)
        ]
    )
    ask = asking(own_shop)
    answer = ask("GET", f"/discovery/ways?{BETWEEN}")[1]
    assert answer["other"]["ways"] == 5
    cell = f"now={answer['as_of']}&cell={answer['other']['cell']}"
    status, found = ask("GET", f"/discovery/ways/other?{BETWEEN}&{cell}&most=3")
    assert (status, found["total"], len(found["ways"])) == (200, 5, 3)
    assert all(way["n"] == way["customers"] == 1 for way in found["ways"])
    assert ask("GET", f"/discovery/ways/other?{BETWEEN}&cell=other:x")[1]["code"] == "bad_question"
    text = page(own_shop, f"/attempts?{ON_PAGE}&{cell}")
    assert "5 ways are together here: " in text
    there = re.findall(r'</bdi> \(<a href="/p/shop/discover([^"]+)">(\d+)</a>\)', text)
    assert len(there) == 5
    assert f": {there[0][1]}</h1>" in page(own_shop, there[0][0])


def test_pages_without_anything_say_what_to_do(shop: Shop) -> None:
    assert "Nobody began in this period" in page(shop, "/between?days=30&start=Nothing&goal=Order+Paid")
    assert "Nobody reached the goal in time" in page(shop, "/between?days=30&start=/shop&goal=Nothing")
    assert "Nothing stands out" in page(shop, "/journeys?days=30")
    assert "Nobody was active" in page(shop, "/journeys?from=2020-01-01&through=2020-01-02")
    assert "Looking for them" in page(shop, "?days=30")


def test_fields_suggest_events_and_pages_that_were_seen(shop: Shop) -> None:
    assert 'data-value="/shop"' in page(shop, "/suggest?q=sho")
    assert 'data-value="Order Paid"' in page(shop, "/suggest?q=order")
    assert 'data-value="Order Paid"' not in page(shop, "/suggest?q=cart")
    form = page(shop, "/between?days=30&start=event:/odd&goal=event:Order+Paid")
    assert re.findall(r'name="(?:start|goal)" value="([^"]*)" placeholder', form) == [
        "event:/odd",
        "Order Paid",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_and_the_api_give_the_same_file(shop: Shop, name: str) -> None:
    ask = asking(shop)
    query = BETWEEN if name != "journeys" else f"{FROM}&within=3d"
    token = ask("GET", f"/discovery/{name}?{query}")
    assert token[0] == 200
    file = shop.client("viewer").get(
        f"/p/shop/discover/{name}.csv?from=2026-02-01&through=2026-03-01&{ON_PAGE}"
    )
    assert (file.status_code, file.mimetype) == (200, "text/csv")
    head = file.text.splitlines()[0]
    assert head.startswith({"journeys": "start,goal", "ways": "way,", "steps": "touchpoint,"}[name])


@pytest.mark.parametrize(
    "query",
    [
        "goal=event:B",
        "start=&goal=event:B",
        "start=A&goal=B&within=soon",
        "start=A&goal=B&within=52000w",
        "start=A&goal=B&unit=accounts",
        "start=A&goal=B&as_of=2026-02-02",
    ],
)
@pytest.mark.parametrize("name", ["ways", "steps", "ways.csv", "steps.csv"])
def test_what_cannot_be_discovered_is_refused(shop: Shop, name: str, query: str) -> None:
    status, answer = asking(shop)("GET", f"/discovery/{name}?{FROM}&{query}")
    assert (status, answer["success"]) == (400, False)


def test_a_page_that_cannot_be_answered_says_why(shop: Shop) -> None:
    for path in ("?within=soon", "/between?start=A", "/between?start=A&goal=B&within=9999w", "/x.csv"):
        answer = shop.client("viewer").get(f"/p/shop/discover{path}")
        assert answer.status_code == (404 if path == "/x.csv" else 400), path
