"""The catalogue of events, as a page and over the API."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

from store.plans import PlannedEvent, save_event
from tests.admin.conftest import NOW, Shop
from tests.admin.test_api import asking


def test_the_page_lists_what_was_seen_and_can_be_searched(shop: Shop) -> None:
    client = shop.client("viewer")
    text = client.get("/p/shop/events").text
    assert all(name in text for name in ("Order Paid", "Cart Filled", "Card Refused", "(page)"))
    found = client.get("/p/shop/events?q=cart").text
    assert "Cart Filled" in found
    assert "Order Paid" not in found
    assert "No event has such a name" in client.get("/p/shop/events?q=nothing").text


def test_one_event_shows_its_properties_and_the_size_of_the_sample(shop: Shop) -> None:
    text = shop.client("viewer").get("/p/shop/events/one?event=Order+Paid").text
    assert "From a sample of 1 event of the last 30 days (at most 100,000 are read)" in text
    assert "<b>amount</b>" in text
    link = re.search(r'href="([^"]+)"[^>]*download', text)
    assert link
    (row,) = csv.DictReader(io.StringIO(shop.client("viewer").get(html.unescape(link[1])).text))
    assert (row["name"], row["types"], row["examples"], row["share"]) == ("amount", "integer", "49", "1.0")
    assert "<code>49</code>" in text
    assert "Plan it" not in text
    assert "Plan it" in shop.client("editor").get("/p/shop/events/one?event=Order+Paid").text


@pytest.mark.parametrize("query", ["event=Unheard", "type=screen&event=Order+Paid", ""])
def test_an_event_that_was_never_seen_has_no_page(shop: Shop, query: str) -> None:
    assert shop.client("viewer").get(f"/p/shop/events/one?{query}").status_code == 404


def test_the_api_answers_the_catalogue(own_shop: Shop) -> None:
    save_event(own_shop.services.engine, own_shop.project.id, PlannedEvent(event="Order Paid"), now=NOW)
    ask = asking(own_shop, "viewer")
    _, answer = ask("GET", "/events/catalog")
    found = {one["label"]: one for one in answer["events"]}
    assert {"Order Paid": "planned", "Cart Filled": "unplanned", "(page)": ""}.items() <= {
        label: one["status"] for label, one in found.items()
    }.items()
    assert (found["Cart Filled"]["n"], answer["days"]) == (3, 30)
    _, answer = ask("GET", "/events/catalog?event=Order+Paid")
    (one,) = answer["events"]
    assert [(p["name"], p["types"], p["share"], p["examples"]) for p in one["properties"]] == [
        ("amount", ["integer"], 1.0, ["49"])
    ]
    assert one["broken"] == []
    assert ask("GET", "/events/catalog?event=Unheard")[0] == 404
    assert len(ask("GET", "/events/catalog?most=1")[1]["events"]) == 1
