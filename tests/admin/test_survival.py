"""Survival is answered over the API, drawn and tabled on the timing page, and kept as a file."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable

import pytest

from journeys.metrics import STANDING
from journeys.survival_report import SURVIVAL
from store.event import Event
from tests.admin.conftest import Shop, happened
from tests.admin.test_api import Ask, asking

DAY = 86_400
SMALL = STANDING["small"]


@pytest.fixture
def ask(shop: Shop) -> Ask:
    """A caller who may do all, to a shop that stays as it is."""
    return asking(shop)


def page(shop: Shop, query: str) -> str:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/timing?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_open_runs_are_watched_as_long_as_they_are(ask: Ask) -> None:
    status, found = ask("GET", "/journeys/buy/survival?from=2026-02-01")
    assert status == 200
    assert found["meanings"] == SURVIVAL.meanings
    (curve,) = found["curves"]
    assert (curve["name"], curve["n"], curve["came"], curve["small"]) == ("All", 5, 1, True)
    assert curve["watched"] == 20 * DAY
    # Ada pays after a day; Dee has been watched for half a day only.
    assert curve["share"]["value"] == 0.25
    assert [point["seconds"] for point in curve["points"] if point["value"]] == [DAY, 20 * DAY]
    within = {point["seconds"]: (point["value"], point["at_risk"]) for point in curve["within"]}
    assert within[DAY / 2] == (0, 5)
    assert within[DAY] == (0.25, 4)
    assert max(within) == 14 * DAY


def test_times_between_two_steps(ask: Ask) -> None:
    (curve,) = ask("GET", "/journeys/buy/survival?from=2026-02-01&to_step=cart")[1]["curves"]
    assert (curve["n"], curve["came"], curve["share"]["value"]) == (5, 3, 0.6)
    (curve,) = ask("GET", "/journeys/buy/survival?from=2026-02-01&from_step=cart")[1]["curves"]
    assert (curve["n"], curve["came"]) == (3, 1)


@pytest.mark.parametrize("how", ["compare=device", "segment=device:mobile&against=device:desktop"])
def test_segments_stand_beside_each_other(ask: Ask, how: str) -> None:
    found = ask("GET", f"/journeys/buy/survival?from=2026-02-01&{how}")[1]
    assert {curve["name"]: curve["n"] for curve in found["curves"]} == {
        "device: mobile": 1,
        "device: desktop": 4,
    }
    (test,) = found["tests"]
    assert set(test["groups"]) == {"device: mobile", "device: desktop"}
    assert 0 < test["p"] == test["p_adjusted"] <= 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from_step=none", "bad_question"),
        ("from_step=paid&to_step=look", "bad_question"),
        ("compare=shoe", "invalid"),
        ("against=shoe:42", "bad_question"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Ask, query: str, code: str) -> None:
    status, answer = ask("GET", f"/journeys/buy/survival?{query}")
    assert (status, answer["code"]) == (400, code)


def test_the_page_draws_and_tables_the_curves(shop: Shop) -> None:
    text = page(shop, "days=30&compare=device")
    found = re.search(r"data-chart=\"survival\"[^>]* data-values='([^']+)'", text)
    assert found
    curves = json.loads(html.unescape(found[1]))["curves"]
    assert {curve["name"] for curve in curves} == {"device: mobile", "device: desktop"}
    assert all(curve["points"][0] == {"seconds": 0, "value": 0, "low": 0, "high": 0} for curve in curves)
    assert html.escape(SURVIVAL.meanings["share"]) in text
    assert "1 comparison of curves" in text
    assert "small sample" in text
    assert '<input type="hidden" name="compare" value="device">' in text, "the bar keeps the choice"


def test_the_page_offers_no_steps_that_run_backwards(shop: Shop) -> None:
    text = page(shop, "days=30&from_step=cart")
    assert "from “Fills the cart” to “Pays”" in text
    chosen = re.findall(r'<select[^>]* name="(from_step|to_step)">(.*?)</select>', text)
    offered = {name: re.findall(r'value="(\w+)"', options) for name, options in chosen}
    assert offered == {"from_step": ["look", "cart"], "to_step": ["paid"]}
    refused = shop.client("viewer").get("/p/shop/journeys/buy/timing?from_step=paid&to_step=look")
    assert refused.status_code == 400
    assert "times run forwards" in refused.text


def test_nobody_finished_is_no_reason_to_show_nothing(shop: Shop) -> None:
    text = page(shop, "days=2")
    assert "How many come, and by when" in text
    assert "No run in this period" not in text
    assert "No run in this period" in page(shop, "from=2020-01-01&through=2020-01-02")


def test_a_step_that_nobody_took_leaves_the_choice_of_another(shop: Shop) -> None:
    text = page(shop, "days=2&from_step=cart")
    assert "No run took “Fills the cart” in this period and segment." in text
    assert 'name="from_step"' in text
    assert 'data-chart="survival"' not in text
    assert "No run in this period" not in text


def test_the_funnel_says_what_is_to_be_expected_while_some_are_in_time(shop: Shop, ask: Ask) -> None:
    def funnel(query: str) -> str:
        return shop.client("viewer").get(f"/p/shop/journeys/buy/funnel?{query}").text

    (curve,) = ask("GET", "/journeys/buy/survival?from=2026-02-01")[1]["curves"]
    text = funnel("from=2026-02-01&through=2026-03-01")
    assert curve["share"]["value"] == 0.25
    assert re.search(r'timing\?[^"]*">25%</a> \(\d+–\d+%\) are <button', text)
    assert "20 days" in text
    assert "to be expected" not in funnel("from=2026-02-01&through=2026-02-20"), "nobody is in time"
    assert "to be expected" in funnel("from=2026-02-01&through=2026-03-01&unit=customers")


@pytest.mark.parametrize("tab", ["funnel", "variants"])
def test_every_rate_of_few_says_so(shop: Shop, tab: str) -> None:
    text = shop.client("viewer").get(f"/p/shop/journeys/buy/{tab}?days=30").text
    table = text[text.index("<table") : text.index("</table>")]
    assert html.escape(SMALL) in table
    assert ">small sample</button>" in table


def test_the_file_holds_every_point(shop: Shop) -> None:
    answer = shop.client("viewer").get("/p/shop/journeys/buy/survival.csv?days=30&compare=device")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["runs_of"] for row in rows} == {"device: mobile", "device: desktop"}
    assert max(float(row["share"]) for row in rows) > 0


def test_what_is_beyond_all_chance_is_hardly_by_chance(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    """Its p-value is so small that the machine has no number for it but 0."""
    rows = []
    for n in range(1_000):
        rows += [
            happened("/shop", f"desk{n}", day=8, kind="page"),
            happened("Cart Filled", f"desk{n}", day=7.9),
            happened("/shop", f"phone{n}", day=8, kind="page", device="mobile"),
        ]
    add_events(rows)
    found = asking(own_shop)("GET", "/journeys/buy/survival?from=2026-02-01&compare=device&to_step=cart")[1]
    assert [test["p_adjusted"] for test in found["tests"]] == [0]
    text = page(own_shop, "days=30&breakdown=device&to_step=cart")
    assert "1 comparison of curves: 1 hardly by chance" in text
    assert '<td class="number">&lt;0.1%</td>' in text
