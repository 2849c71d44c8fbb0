"""The breakdown is answered over the API, tabled on its page with links to the lists, and kept as a file."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable

import pytest

from journeys.breakdown_report import MEANINGS as BREAKDOWN_MEANINGS
from store.event import Event
from tests.admin.conftest import Shop, happened
from tests.admin.test_api import Ask, asking


@pytest.fixture
def ask(shop: Shop) -> Ask:
    """A caller who may do all, to a shop that stays as it is."""
    return asking(shop)


def page(shop: Shop, query: str) -> str:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/breakdown?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_groups_add_up_and_say_their_moment(ask: Ask) -> None:
    status, found = ask("GET", "/journeys/buy/breakdown?from=2026-02-01&by=device")
    assert status == 200
    assert found["moment"] == "of the event that took “Looks”, which opened the run"
    assert found["meanings"].items() >= BREAKDOWN_MEANINGS.items()
    assert [(group["value"], group["entered"]) for group in found["groups"]] == [
        ("desktop", 4),
        ("mobile", 1),
    ]
    _, funnel = ask("GET", "/journeys/buy/funnel?from=2026-02-01")
    for name in ("entered", "outcomes"):
        assert found[name] == funnel[name]
    assert found["groups"][1]["outcomes"]["dropped"] == 1
    assert all(group["small"] for group in found["groups"])


def test_a_property_of_a_later_step(ask: Ask) -> None:
    found = ask("GET", "/journeys/buy/breakdown?from=2026-02-01&by=property:amount&at=paid")[1]
    assert [(group["kind"], group["value"], group["entered"]) for group in found["groups"]] == [
        ("value", "49", 1),
        ("not_reached", None, 4),
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("by=shoe", "bad_question"),
        ("by=device&at=none", "bad_question"),
        ("by=device&most=99", "invalid"),
        ("by=device&unit=people", "invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Ask, query: str, code: str) -> None:
    status, answer = ask("GET", f"/journeys/buy/breakdown?{query}")
    assert (status, answer["code"]) == (400, code)


@pytest.mark.parametrize("query", ["by=device", "by=path&most=1", "by=property:amount&at=paid"])
def test_every_number_of_a_group_opens_its_list(shop: Shop, query: str) -> None:
    text = page(shop, f"days=30&{query}")
    links = re.findall(r'<a href="(/p/shop/journeys/buy/runs\?[^"]+)"[^>]*>(\d+)</a>', text)
    assert len(links) > 7
    for link, n in dict(links).items():
        listed = shop.client("viewer").get(html.unescape(link)).text
        assert re.search(rf'id="runs-title">[^<]*: {n} ', listed), link


def test_the_page_offers_what_was_seen(own_shop: Shop, add_events: Callable[[list[Event]], None]) -> None:
    add_events(
        [
            happened("", "ada", day=12, kind="identify", traits={"plan": "pro"}),
            happened("/shop", "ada", day=1, kind="page", properties={"<b>tag</b>": "x"}),
        ]
    )
    text = page(own_shop, "days=30&by=trait:plan")
    assert '<option value="trait:plan" selected>plan</option>' in text
    assert '<option value="property:&lt;b&gt;tag&lt;/b&gt;">' in text
    assert "as last said of the customer" in text
    assert re.search(r'<th scope="row" class="break">pro', text)
    assert html.escape(BREAKDOWN_MEANINGS["none"]) in text


def test_a_value_called_none_is_told_from_no_value(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    add_events([happened("", "ada", day=12, kind="identify", traits={"plan": "(none)"})])
    text = page(own_shop, "days=30&by=trait:plan")
    heads = [re.sub("<.*", "", one) for one in text.split('<th scope="row" class="break">')]
    assert "“(none)”" in heads
    titles = set()
    for link in dict.fromkeys(re.findall(r'<a href="(/p/shop/journeys/buy/runs\?[^"]+)"', text)):
        listed = own_shop.client("viewer").get(html.unescape(link)).text
        titles |= set(re.findall(r"trait plan: ([^.<]+)\.", listed))
    assert titles >= {"“(none)”", "no value"}
    answer = own_shop.client("viewer").get("/p/shop/journeys/buy/breakdown.csv?days=30&by=trait:plan")
    rows = [(row["kind"], row["value"]) for row in csv.DictReader(io.StringIO(answer.text))]
    assert rows == [("value", "(none)"), ("none", "")]


def test_an_unknown_choice_is_told_in_a_sentence(shop: Shop) -> None:
    answer = shop.client("viewer").get("/p/shop/journeys/buy/breakdown?by=shoe")
    assert answer.status_code == 400
    assert "tells no runs apart" in answer.text


@pytest.mark.parametrize(
    "query", ["", "unit=customers", "unit=accounts", "from=2020-01-01&through=2020-01-02"]
)
def test_the_tab_opens_with_and_without_runs(shop: Shop, query: str) -> None:
    assert "Buys something" in page(shop, query)


def test_the_file_has_a_row_for_each_group(shop: Shop) -> None:
    answer = shop.client("viewer").get("/p/shop/journeys/buy/breakdown.csv?days=30&by=device")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["value"], row["entered"], row["reached_cart"]) for row in rows] == [
        ("desktop", "4", "2"),
        ("mobile", "1", "1"),
    ]
    assert float(rows[0]["difference_value"]) == 0.25
