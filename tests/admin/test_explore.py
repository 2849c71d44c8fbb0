"""Explore shows what comes after a touchpoint or before it, and each number opens its visits."""

from __future__ import annotations

import csv
import html
import io
import json
import re

import pytest

from tests.admin.conftest import Shop


def page(shop: Shop, query: str, door: str = "") -> str:
    answer = shop.client("viewer").get(f"/p/shop/explore{door}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def drawn(text: str) -> dict:
    found = re.search(r"data-chart=\"sankey\"[^>]* data-values='([^']+)'", text)
    assert found
    told: dict = json.loads(html.unescape(found[1]))
    return told


@pytest.mark.parametrize(
    "query", ["", "days=7", "start=Nothing", "start=/shop&direction=sideways&depth=99&gap=x"]
)
def test_the_page_opens_whatever_is_asked(shop: Shop, query: str) -> None:
    assert "Where do paths start?" in page(shop, query) if "start" not in query else page(shop, query)


def test_what_comes_after_an_event(shop: Shop) -> None:
    text = page(shop, "days=30&start=Cart+Filled&gap=1d")
    told = drawn(text)
    assert told["runs"] == 3
    ways = {(one["source"], one["target"]): one["n"] for one in told["links"]}
    assert sum(n for (source, _), n in ways.items() if source.startswith("0:")) == 3
    assert "Order Paid" in text
    assert "Card Refused" in text


def test_what_came_before_it_is_read_from_left_to_right(shop: Shop) -> None:
    told = drawn(page(shop, "days=30&start=Order+Paid&direction=before&gap=1d"))
    positions = {one["id"]: one["position"] for one in told["nodes"]}
    assert all(positions[one["source"]] < positions[one["target"]] for one in told["links"])


def test_every_number_opens_its_visits_and_their_customers(shop: Shop) -> None:
    text = page(shop, "days=30&start=/shop&gap=1d")
    for part in (one for what in ("nodes", "links") for one in drawn(text)[what]):
        there = shop.client("viewer").get(part["link"])
        assert f": {part['n']}</h1>" in there.text
        person = re.search(r'href="(/p/shop/customers/\d+)"', there.text)
        assert person
        assert shop.client("viewer").get(person[1]).status_code == 200


def test_the_file_has_a_row_for_each_way(shop: Shop) -> None:
    query = "days=30&start=Cart+Filled&gap=1d&unit=customers"
    rows = list(csv.DictReader(io.StringIO(page(shop, query, "/paths.csv"))))
    assert len(rows) == len(drawn(page(shop, query))["links"])
    assert sum(int(row["customers"]) for row in rows if row["position"] == "1") == 3


@pytest.mark.parametrize("query", ["start=/shop&cell=nonsense", "cell=[]", "start=&cell=x"])
def test_a_list_that_there_is_not_is_refused(shop: Shop, query: str) -> None:
    assert shop.client("viewer").get(f"/p/shop/explore/visits?{query}").status_code == 400


def test_the_catalogue_leads_to_the_paths_of_an_event(shop: Shop) -> None:
    text = shop.client("viewer").get("/p/shop/events").text
    assert 'href="/p/shop/explore?start=event:Cart+Filled"' in text
    one = shop.client("viewer").get("/p/shop/events/one?event=Cart+Filled").text
    assert 'href="/p/shop/explore?start=event:Cart+Filled"' in one
