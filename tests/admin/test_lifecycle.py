"""Attribution, retention and the life of customers: over the API, on pages and as files."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from journeys.lifecycle import MEANINGS
from store.event import Event
from tests.admin.conftest import Shop, happened
from tests.admin.test_api import asking

FROM = "from=2026-02-01"


def page(shop: Shop, path: str) -> str:
    answer = shop.client("viewer").get(path)
    assert answer.status_code == 200, path
    return answer.text


def test_the_life_of_the_shop_is_answered(shop: Shop) -> None:
    status, answer = asking(shop)("GET", f"/lifecycle?{FROM}&by=month")
    assert status == 200
    assert [(one["active"], one["new"], one["running"]) for one in answer["parts"]] == [
        (4, 4, False),
        (1, 1, True),
    ]
    assert (answer["parts"][1]["awaited"], answer["parts"][1]["dormant"]) == (4, None)
    assert answer["meanings"] == MEANINGS


def test_every_number_over_the_api_has_its_customers(shop: Shop) -> None:
    ask = asking(shop)
    for part in ask("GET", f"/lifecycle?{FROM}&by=week")[1]["parts"]:
        for state, cell in part["cells"].items():
            n = part["awaited"] if state == "dormant" and part["running"] else part[state]
            found = ask("GET", f"/lifecycle/customers?{FROM}&by=week&cell={cell}")[1]
            assert (found["total"], len(found["customers"])) == (n, n), cell
    for cohort in ask("GET", f"/lifecycle/cohorts?{FROM}&by=week")[1]["cohorts"]:
        for one in (cohort, *cohort["periods"]):
            found = ask("GET", f"/lifecycle/customers?{FROM}&by=week&cell={one['cell']}")[1]
            assert found["total"] == one["n"], one


@pytest.mark.parametrize(
    "query",
    ["by=year", f"{FROM}&as_of=2026-02-02", "from=1990-01-01&by=day", "from=2026-03-01&to=2026-02-01"],
)
@pytest.mark.parametrize("name", ["lifecycle", "lifecycle.csv", "lifecycle/cohorts", "lifecycle/cohorts.csv"])
def test_what_cannot_be_told_is_refused(shop: Shop, name: str, query: str) -> None:
    status, answer = asking(shop)("GET", f"/{name}?{query}")
    assert (status, answer["success"]) == (400, False)


@pytest.mark.parametrize("name", ["lifecycle", "cohorts"])
def test_the_page_and_the_api_give_the_same_file(shop: Shop, name: str) -> None:
    path = {"lifecycle": "lifecycle", "cohorts": "lifecycle/cohorts"}[name]
    text = page(shop, f"/p/shop/lifecycle/{name}.csv?days=30&by=week")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) > 1
    answer = asking(shop)("GET", f"/{path}?from=2026-01-31&by=week")[1]
    if name == "lifecycle":
        assert [int(row["active"]) for row in rows] == [one["active"] for one in answer["parts"]]
    else:
        cells = [one for cohort in answer["cohorts"] for one in cohort["periods"]]
        assert [int(row["n"]) for row in rows if row["cohort"] != "all"] == [one["n"] for one in cells]
    assert shop.client("viewer").get("/p/shop/lifecycle/other.csv").status_code == 404


@pytest.mark.parametrize("by", ["day", "week", "month", "", "nonsense"])
def test_every_number_of_the_page_opens_its_list(shop: Shop, by: str) -> None:
    text = page(shop, f"/p/shop/lifecycle?from=2026-02-10&through=2026-03-01&by={by}")
    links = re.findall(r'<a href="(/p/shop/lifecycle/customers\?[^"]+)"[^>]*>(\d+)</a>', text)
    assert len(links) > 3
    for link, n in links:
        listed = page(shop, link.replace("&amp;", "&"))
        assert re.search(rf'id="list-title"[^>]*>[^<]*: {n}</h1>', listed), link
        assert listed.count("/p/shop/customers/") == int(n)


def test_an_empty_period_says_so(shop: Shop) -> None:
    assert "Nobody was active" in page(shop, "/p/shop/lifecycle?from=2020-01-01&through=2020-01-02&by=month")


def test_a_cell_that_is_none_is_refused(shop: Shop) -> None:
    answer = shop.client("viewer").get("/p/shop/lifecycle/customers?cell=x")
    assert answer.status_code == 400
    assert "no cell" in answer.text


def test_attribution_says_what_it_is_asked(shop: Shop) -> None:
    ask = asking(shop)
    answer = ask("GET", f"/journeys/buy/attribution?{FROM}&value=amount&lookback=14")[1]
    assert (answer["successes"], answer["value"], answer["valued"]) == (1, 49, 1)
    assert [row["channel"] for row in answer["channels"]] == ["Direct"]
    assert set(answer["channels"][0]["credits"].values()) == {1}
    assert set(answer["channels"][0]["values"].values()) == {49}
    status, refused = ask("GET", "/journeys/buy/attribution?dimension=colour&lookback=0")
    assert (status, refused["success"]) == (400, False)
    text = page(shop, "/p/shop/journeys/buy/attribution?days=30&value=amount&dimension=source&lookback=oops")
    assert "(not set)" in text
    assert "worth 49" in text


def test_credit_goes_to_touchpoints_on_the_page_over_the_api_and_in_the_file(shop: Shop) -> None:
    asked = "contacts=touchpoints&value=amount"
    answer = asking(shop)("GET", f"/journeys/buy/attribution?{FROM}&{asked}")[1]
    assert (answer["contacts_are"], answer["dimension"]) == ("touchpoints", "touchpoint")
    names = [row["channel"] for row in answer["channels"]]
    assert "Cart Filled" in names
    assert "Order Paid" not in names, "which is the goal itself"
    assert sum(row["credits"]["linear"] for row in answer["channels"]) == pytest.approx(1, abs=1e-4)
    text = page(shop, f"/p/shop/journeys/buy/attribution?days=30&{asked}")
    assert '<option value="touchpoints" selected>' in text
    assert 'id="ask-dimension"' not in text
    file = page(shop, f"/p/shop/journeys/buy/attribution.csv?days=30&{asked}")
    rows = [row for row in csv.DictReader(io.StringIO(file)) if row["part"] == "channel"]
    assert [row["channel"] for row in rows] == names
    assert [int(row["contacts"]) for row in rows] == [row["contacts"] for row in answer["channels"]]


def test_contacts_open_a_list_that_adds_up_to_them(shop: Shop) -> None:
    text = page(shop, "/p/shop/journeys/buy/attribution?days=30&contacts=touchpoints")
    links = re.findall(r'<a href="([^"]*report=attribution[^"]*)" aria-label="([\d,]+) contacts by', text)
    assert links
    for link, n in links:
        found = page(shop, html.unescape(link))
        assert re.search(rf'id="runs-title">[^<]*contacts by [^<]*: {n} ', found), link
        rows = list(csv.DictReader(io.StringIO(page(shop, csv_of(found)))))
        assert sum(int(row["times"]) for row in rows) == int(n)
    answer = asking(shop)("GET", f"/journeys/buy/attribution?{FROM}&contacts=touchpoints")[1]
    for row in answer["channels"]:
        asked = f"{FROM}&report=attribution&cell={row['cells']['contacts']}"
        found = asking(shop)("GET", f"/journeys/buy/runs?{asked}")[1]
        assert found["total"] == sum(run["times"] for run in found["runs"]) == row["contacts"]
        assert found["rows"] == len(found["runs"])


def csv_of(text: str) -> str:
    found = re.search(r'href="([^"]*runs\.csv[^"]*)"', text)
    assert found
    return html.unescape(found[1])


def test_a_change_is_parted_by_what_is_chosen(shop: Shop) -> None:
    address = "/p/shop/journeys/buy/change"
    asked = (
        "from=2026-02-19&through=2026-03-01&before_from=2026-02-01&before_to=2026-02-19&by=property:n&age=1d"
    )
    answer = asking(shop)("GET", f"/journeys/buy/change?{asked}&to=2026-03-02")[1]
    assert answer["by"] == "property:n"
    assert answer["dimensions"] == [] or answer["dimensions"][-1]["dimension"] == "property:n"
    text = page(shop, f"{address}?{asked}")
    assert '<option value="property:n" selected>' in text
    assert '<option value="medium">' in text
    assert '<option value="channel">' not in text, "which every answer has"


def test_retention_of_a_journey_can_follow_those_who_succeeded(shop: Shop) -> None:
    ask = asking(shop)
    found = {
        cohort: ask("GET", f"/journeys/buy/retention?{FROM}&by=month&cohort={cohort}")[1]["kept"]["cohorts"][
            0
        ]
        for cohort in ("entered", "succeeded")
    }
    assert (found["entered"]["n"], found["succeeded"]["n"]) == (4, 1)
    text = page(shop, "/p/shop/journeys/buy/retention?days=30&by=month&cohort=succeeded")
    assert "after having succeeded" in text


def test_what_the_life_of_customers_means_is_published() -> None:
    published = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    assert [word for word, text in MEANINGS.items() if f"| `{word}` | {text} |" not in published] == []


@pytest.mark.parametrize("unit", ["customers", "accounts"])
def test_the_lists_of_retention_hold_runs_whatever_other_reports_count(shop: Shop, unit: str) -> None:
    text = page(shop, f"/p/shop/journeys/buy/retention?days=30&by=month&unit={unit}")
    links = re.findall(r'<a href="(/p/shop/journeys/buy/runs\?[^"]+)"[^>]*>(\d+)</a>', text)
    assert links
    for link, n in links:
        assert f": {n} run" in page(shop, link.replace("&amp;", "&")), link


def test_the_links_of_the_page_keep_its_moment(shop: Shop) -> None:
    text = html.unescape(page(shop, "/p/shop/lifecycle?days=30&by=week"))
    links = re.findall(r'href="(/p/shop/lifecycle/(?:customers|lifecycle.csv|cohorts.csv)[^"]*)"', text)
    assert len(links) > 4
    assert all("now=2026-03-01T12:00:00.000Z" in one for one in links), links


def test_a_list_holds_for_the_moment_of_its_number(own_shop: Shop) -> None:
    ask = asking(own_shop)
    answer = ask("GET", f"/lifecycle?{FROM}&by=month")[1]
    part = answer["parts"][1]
    earlier = f"{FROM}&by=month&now=2026-02-27T00:00:00Z"
    assert ask("GET", f"/lifecycle?{earlier}")[1]["parts"][0]["running"]
    found = ask(
        "GET", f"/lifecycle/customers?{FROM}&by=month&now={answer['as_of']}&cell={part['cells']['new']}"
    )
    assert found[1]["total"] == part["new"]
    assert ask("GET", f"/lifecycle?{FROM}&now=2036-02-27T00:00:00Z")[0] == 400


def test_ten_years_can_be_looked_at(shop: Shop) -> None:
    assert "Who was active" in page(shop, "/p/shop/lifecycle?days=3660")


def test_a_campaign_that_is_called_as_a_model_is_not_explained_as_one(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    rows = [happened("/shop", "fay", day=8, kind="page"), happened("Cart Filled", "fay", day=7.9)]
    for one in rows:
        one.campaign = "last"
    add_events(rows)
    status, answer = asking(own_shop)("GET", f"/journeys/buy/attribution?{FROM}&dimension=campaign")
    assert status == 200
    assert "last" in {one["channel"] for one in answer["channels"]}
    text = page(own_shop, "/p/shop/journeys/buy/attribution?days=30&dimension=campaign")
    row = re.search(r'<th scope="row">(last|[^/]*>last<.*?)</th>', text, re.DOTALL)
    assert row is not None
    assert row[1] == "last"
