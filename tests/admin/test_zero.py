"""The customers behind the numbers of "Why is this zero?", on the page, as a file and over the API."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import pytest

from journeys.zero import OF_CUSTOMERS
from tests.admin.conftest import Shop
from tests.admin.test_api import asking

FROM = "from=2026-02-01"


def test_every_number_of_a_step_opens_its_customers(shop: Shop) -> None:
    ask, browser = asking(shop), shop.client("viewer")
    steps = ask("GET", f"/journeys/buy/zero?{FROM}")[1]["steps"]
    page = browser.get("/p/shop/journeys/buy/zero?days=30").text
    links = [html.unescape(one) for one in re.findall(r'href="([^"]*/zero/customers\?[^"]*)"', page)]
    told = [one["of_customers"] for one in steps if one["without_conditions"] > one["raw_matches"]]
    assert len(links) == sum(bool(one[name]) for one in steps for name in OF_CUSTOMERS) + len(told) > 6
    cart = next(one for one in steps if one["step"] == "cart")
    cell = cart["of_customers"]["customers"]
    status, found = ask("GET", f"/journeys/buy/zero/customers?{FROM}&cell={cell}&most=2")
    assert (status, found["total"], len(found["customers"])) == (200, cart["customers"], 2)
    rest = ask("GET", f"/journeys/buy/zero/customers?{FROM}&cell={cell}&cursor={found['next']}")[1]
    assert len(rest["customers"]) == cart["customers"] - 2
    assert sum(one["matches"] for one in found["customers"] + rest["customers"]) == cart["raw_matches"]
    listed = browser.get(next(one for one in links if f"cell={quote(cell)}" in one)).text
    assert f"with a touchpoint that matches: {cart['customers']}" in listed
    assert "ben" in listed
    file = html.unescape(re.search(r'href="([^"]*/zero/customers.csv[^"]*)"', listed)[1])
    lines = browser.get(file).text.splitlines()
    assert lines[0] == "customer,matches,events,last_seen,known_by,identities"
    assert len(lines) == 1 + cart["customers"]


@pytest.mark.parametrize("path", ["zero/customers", "zero/customers.csv"])
def test_a_cell_that_is_none_is_refused(shop: Shop, path: str) -> None:
    assert asking(shop)("GET", f"/journeys/buy/{path}?{FROM}&cell=x")[0] == 400
    assert shop.client("viewer").get(f"/p/shop/journeys/buy/{path}?cell=x").status_code == 400


@pytest.mark.parametrize("report", ["signals", "change", "zero"])
def test_a_report_by_runs_alone_refuses_another_unit(shop: Shop, report: str) -> None:
    status, answer = asking(shop)("GET", f"/journeys/buy/{report}?{FROM}&unit=accounts")
    assert status == 400
    assert "this report counts by runs" in str(answer)
