"""Accounts: listed, searched, shown with members and journeys, and counted in the funnel."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import msgspec
import pytest

from store.event import Event, identity_hash
from tests.admin.conftest import Shop, fill_all, happened
from tests.admin.test_api import asking

KEY = "acme/north & co"
PAGE = "/p/shop/accounts/one?id=acme/north+%26+co"


def in_account(who: str, day: float, traits: dict[str, object]) -> Event:
    row = happened("", who, day=day, kind="group", traits=traits)
    return msgspec.structs.replace(row, group_id=KEY)


@pytest.fixture
def grouped(own_shop: Shop) -> Shop:
    """Ada and Ben are in one account."""
    rows = [
        in_account("ada", 8, {"name": "Acme <North>", "plan": "trial"}),
        in_account("ben", 7, {"plan": "team"}),
    ]
    own_shop.services.events.insert(rows, token="groups")
    fill_all(own_shop.services)
    return own_shop


def test_the_list_finds_accounts_and_says_what_to_send_where_there_is_none(grouped: Shop) -> None:
    browser = grouped.client("viewer")
    assert "Acme &lt;North&gt;" in browser.get("/p/shop/accounts").text
    assert "Acme &lt;North&gt;" in browser.get("/p/shop/accounts?q=TEAM").text
    assert "No account has this" in browser.get("/p/shop/accounts?q=zebra").text
    assert "No account yet" in grouped.client("stranger").get("/p/other/accounts").text


def test_the_page_shows_members_traits_and_how_far_the_account_came(grouped: Shop) -> None:
    link = "/p/shop/accounts/one?id=acme/north+%26+co"
    page = grouped.client("viewer").get(link).text
    for who in ("ada", "ben"):
        assert f"/p/shop/customers/{identity_hash('user', who)}" in page
    assert "1 former value" in page
    assert "step 3 of 3" in page
    assert grouped.client("viewer").get("/p/shop/accounts/one?id=none").status_code == 404
    assert grouped.client("stranger").get(link.replace("shop", "other")).status_code == 404
    assert (
        "Acme &lt;North&gt;"
        in grouped.client("viewer").get(f"/p/shop/customers/{identity_hash('user', 'ada')}").text
    )


def test_the_funnel_counts_accounts_and_its_list_leads_to_them(grouped: Shop) -> None:
    browser = grouped.client("viewer")
    page = browser.get("/p/shop/journeys/buy/funnel?unit=accounts").text
    assert "each with the furthest run of a member" in page
    rows = browser.get("/p/shop/journeys/buy/runs?unit=accounts").text
    assert "1 account" in rows
    assert "/p/shop/accounts/one?id=acme" in rows
    lines = browser.get("/p/shop/journeys/buy/runs.csv?unit=accounts").text.splitlines()
    assert len(lines) == 2
    assert KEY in lines[1]


def test_the_api_answers_accounts(grouped: Shop) -> None:
    ask = asking(grouped)
    listed = ask("GET", "/accounts?query=north")[1]
    assert [(one["account"], one["members"]) for one in listed["accounts"]] == [(KEY, 2)]
    assert listed["next"] is None
    assert ask("GET", "/accounts?cursor=x")[0] == 400
    status, found = ask("GET", "/accounts/acme/north%20%26%20co")
    assert (status, found["n"], found["traits"]) == (200, 2, {"name": "Acme <North>", "plan": "team"})
    assert [(one["journey"], one["position"], one["runs"]) for one in found["journeys"]] == [("buy", 3, 2)]
    assert ask("GET", "/accounts/none")[0] == 404
    assert ask("GET", "/journeys/buy/funnel?from=2026-02-01&unit=accounts")[1]["outcomes"]["succeeded"] == 1


def test_the_file_of_members_has_all_of_them_page_by_page(
    grouped: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeys.accounts.AT_ONCE", 1)
    browser = grouped.client("viewer")
    link = re.search(r'href="([^"]+/members\.csv[^"]*)"', browser.get(PAGE).text)
    assert link
    rows = list(csv.DictReader(io.StringIO(browser.get(unescape(link[1])).text)))
    assert [row["user_id"] for row in rows] == ["ben", "ada"], "who joined last comes first"
    assert [row["customer"] for row in rows] == [str(identity_hash("user", who)) for who in ("ben", "ada")]
    assert all(row["last_touchpoint"] and int(row["n"]) > 1 for row in rows)
    assert browser.get("/p/shop/accounts/members.csv?id=none").status_code == 404
