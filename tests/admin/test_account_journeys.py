"""Journeys whose runs are accounts': pages and answers name accounts and say what cannot be asked."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from admin import draft
from journeys.definitions import parse
from journeys.reports import TABS
from store.event import event_id
from store.journeys import save_version
from tests.admin.conftest import JOURNEY, NOW, Shop, fill_all, happened
from tests.admin.test_api import asking
from tests.admin.test_editor import form_of

TOGETHER = {**JOURNEY, "key": "together", "name": "Buys together", "runs_of": "accounts"}


@pytest.fixture
def firm(own_shop: Shop) -> Shop:
    """Ben, who only fills a cart, and Ada, who pays, are of one firm."""
    rows = [happened("", who, day=11, kind="group", project=own_shop.project.id) for who in ("ada", "ben")]
    for row in rows:
        row.group_id, row.event_id = "acme", event_id(f"group {row.user_id}")
    services = own_shop.services
    services.events.insert(rows, token="groups")
    save_version(services.engine, own_shop.project.id, dict(parse(TOGETHER).source), by="x", now=NOW)
    fill_all(services)
    return own_shop


def test_the_list_behind_a_number_links_to_the_account_and_to_no_customer(firm: Shop) -> None:
    for unit in ("runs", "accounts"):
        shown = firm.client("viewer").get(f"/p/shop/journeys/together/runs?days=30&unit={unit}").text
        assert re.search(r'id="runs-title">[^<]*: 1 ', shown)
        assert 'href="/p/shop/accounts/one?id=acme"' in shown
        assert "/p/shop/customers/" not in shown


@pytest.mark.parametrize("tab", [*(one.name for one in TABS), "runs", "definition"])
def test_every_tab_opens_or_says_what_it_cannot_tell(firm: Shop, tab: str) -> None:
    answer = firm.client("viewer").get(f"/p/shop/journeys/together/{tab}?days=30&unit=customers")
    assert answer.status_code == 200
    said = "runs_of: accounts" if tab == "definition" else "The runs of this journey are those of accounts"
    assert said in answer.text


def test_the_lists_of_why_it_is_zero_name_accounts(firm: Shop) -> None:
    client = firm.client("viewer")
    shown = client.get("/p/shop/journeys/together/zero?days=30&unit=accounts").text
    lists = {html.unescape(one) for one in re.findall(r'href="(/p/shop/[^"]+/zero/customers\?[^"]+)"', shown)}
    steps = asking(firm)("GET", "/journeys/together/zero")[1]["steps"]
    named = {one["of_customers"]["without_conditions"] for one in steps}
    of_accounts = {one for one in lists if parse_qs(urlsplit(one).query)["cell"][0] not in named}
    assert of_accounts < lists
    for address in lists - of_accounts:
        assert 'href="/p/shop/customers/' in client.get(address).text
    for address in of_accounts:
        listed = client.get(address)
        assert listed.status_code == 200
        assert 'href="/p/shop/accounts/one?id=acme"' in listed.text
        file = client.get(address.replace("/zero/customers?", "/zero/customers.csv?")).text
        assert file.splitlines()[-1].startswith("acme,")
    status, answer = asking(firm)("GET", "/journeys/together/zero")
    assert status == 200
    cell = answer["steps"][0]["of_customers"]["in_order"]
    status, page = asking(firm)("GET", f"/journeys/together/zero/customers?cell={cell}")
    assert status == 200
    assert [one["account"] for one in page["accounts"]] == ["acme"]
    assert page["accounts"][0]["matches"] == answer["steps"][0]["raw_matches"]
    assert page["customers"] == []


def test_the_page_of_the_account_tells_how_far_it_came(firm: Shop) -> None:
    shown = firm.client("viewer").get("/p/shop/accounts/one?id=acme").text
    assert "Buys together" in shown
    assert "of all members together" in shown


def test_the_api_refuses_in_a_sentence(firm: Shop) -> None:
    ask = asking(firm)
    for asked, sentence in (
        ("funnel?unit=customers", "count runs or accounts, not customers"),
        ("funnel?as_of=2026-02-20", "leave out as_of"),
    ):
        status, answer = ask("GET", f"/journeys/together/{asked}")
        assert status == 400
        assert sentence in answer["message"]
    (run,) = ask("GET", "/journeys/together/runs")[1]["runs"]
    assert (run["customer"], run["account"], run["outcome"]) == ("", "acme", "succeeded")


def test_the_editor_keeps_whose_the_runs_are(firm: Shop) -> None:
    shown = firm.client("editor").get("/p/shop/editor/together").text
    assert '<option value="accounts" selected>' in shown
    form = form_of(draft.from_definition(parse(TOGETHER).source))
    assert parse(draft.to_definition(draft.from_form(form))).source == parse(TOGETHER).source


def test_the_preview_shows_examples_by_the_names_of_their_accounts(firm: Shop) -> None:
    told = happened("", "ada", day=8, kind="group", project=firm.project.id, traits={"name": "Acme Limited"})
    told.group_id, told.event_id = "acme", event_id("a name")
    firm.services.events.insert([told], token="a name")
    form = form_of(draft.from_definition(parse(TOGETHER).source)) | {"do": "preview"}
    answer = firm.client("editor").post("/p/shop/editor/together", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert re.search(r'href="/p/shop/accounts/one\?id=acme"[^>]*>Acme Limited</a>', answer.text)
    assert "/p/shop/customers/" not in answer.text
