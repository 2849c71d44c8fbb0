"""The trend is answered over the API, drawn and tabled on the funnel's page, and kept as a file."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import Any

import pytest

from journeys.trend import TREND
from tests.admin.conftest import Shop, happened
from tests.admin.test_api import Ask, asking


@pytest.fixture
def ask(shop: Shop) -> Ask:
    """A caller who may do all, to a shop that stays as it is."""
    return asking(shop)


def page(shop: Shop, query: str) -> str:
    answer = shop.client("viewer").get(f"/p/shop/journeys/buy/funnel?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def drawn(text: str) -> dict[str, Any]:
    found = re.search(r"data-chart=\"trend\"[^>]* data-values='([^']+)'", text)
    assert found
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


@pytest.mark.parametrize("unit", ["runs", "customers"])
@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_the_answer_adds_up_to_the_funnel(ask: Ask, by: str, unit: str) -> None:
    status, found = ask("GET", f"/journeys/buy/trend?from=2026-02-01&by={by}&unit={unit}")
    _, funnel = ask("GET", f"/journeys/buy/funnel?from=2026-02-01&unit={unit}")
    assert status == 200
    assert found["meanings"] == TREND.meanings
    for name in ("entered", "outcomes", "from", "to", "unit", "version"):
        assert found[name] == funnel[name], name
    assert found["success_rate"]["value"] == funnel["success_rate"]["value"]
    assert sum(part["outcomes"]["dropped"] for part in found["parts"]) == funnel["outcomes"]["dropped"]


def test_the_answer_marks_what_is_not_decided_or_cut(ask: Ask) -> None:
    parts = ask("GET", "/journeys/buy/trend?from=2026-02-03&by=week")[1]["parts"]
    assert [part["partial"] for part in parts] == [True, False, False, True]
    assert [part["immature"] for part in parts] == [False, False, False, True]
    assert (parts[-1]["success_rate"]["at_least"], parts[-1]["success_rate"]["at_most"]) == (0, 1)
    assert all(part["small"] for part in parts)


@pytest.mark.parametrize(
    "report", ["trend", "survival", "breakdown", "breakdown&by=medium", "breakdown&by=trait:plan"]
)
def test_every_report_can_be_asked_as_of_a_moment(own_shop: Shop, report: str) -> None:
    """A phone that was joined after that moment was a customer of its own then."""
    ask = asking(own_shop)
    name, _, how = report.partition("&")
    query = f"from=2026-02-01&unit=customers&{how or 'by=device' if name == 'breakdown' else ''}"
    phone = happened("/shop", "ada-phone", day=2, kind="page", anonymous=True)
    own_shop.services.events.insert([phone], token="phone")
    then = ask("GET", f"/journeys/buy/{name}?{query}&as_of=2026-03-01T11:00:00Z")
    assert then[0] == 200
    assert then[1]["ledger_as_of"] == "2026-03-01T11:00:00.000Z"
    assert "late events count" in then[1]["note"]
    funnel = ask("GET", "/journeys/buy/funnel?from=2026-02-01&unit=customers&as_of=2026-03-01T11:00:00Z")[1]
    n = then[1]["curves"][0]["n"] if name == "survival" else then[1]["entered"]
    assert n == funnel["entered"]


@pytest.mark.parametrize(
    ("query", "code"),
    [("by=hour", "invalid"), ("unit=people", "invalid"), ("from=1990-01-01&by=day", "bad_question")],
)
def test_what_cannot_be_asked_is_refused(ask: Ask, query: str, code: str) -> None:
    status, answer = ask("GET", f"/journeys/buy/trend?{query}")
    assert (status, answer["code"]) == (400, code)


def test_every_point_leads_to_the_funnel_of_its_part(shop: Shop) -> None:
    parts = drawn(page(shop, "days=30&device=desktop"))["parts"]
    assert len(parts) == 30
    assert sum(part["entered"] for part in parts) == 4
    for part in (one for one in parts if one["entered"]):
        there = page(shop, part["link"].partition("?")[2])
        assert f">{part['entered']}</a><small>runs" in there
        assert "device=desktop" in part["link"]
        assert 'name="device" value="desktop"' in there


def test_the_table_says_what_the_picture_says(shop: Shop) -> None:
    text = page(shop, "days=30&by=month")
    table = text[text.index('id="trend-title"') :]
    assert "February 2026" in table
    assert "January 2026" in table
    assert html.escape(TREND.meanings["at_most"]) in table
    assert "small sample" in table
    picture = drawn(text)
    assert [part["name"] for part in picture["parts"]] == ["January 2026", "February 2026", "March 2026"]
    assert [part["partial"] for part in picture["parts"]] == [True, False, True]


def test_the_bar_keeps_the_parts_that_were_chosen(shop: Shop) -> None:
    text = page(shop, "days=30&by=week")
    assert '<option value="week" selected>by week' in text
    bar = text[text.index("report-bar") : text.index("trend-title")]
    assert '<input type="hidden" name="by" value="week">' in bar
    assert '<option value="day" selected>by day' in page(shop, "days=30&by=nonsense")


def test_the_file_has_a_row_for_each_part(shop: Shop) -> None:
    answer = shop.client("viewer").get("/p/shop/journeys/buy/trend.csv?days=30&by=week")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="buy-trend.csv"'
    assert sum(int(row["entered"]) for row in rows) == 5
    assert sum(int(row["succeeded"]) for row in rows) == 1
    assert {row["immature"] for row in rows} == {"True", "False"}
