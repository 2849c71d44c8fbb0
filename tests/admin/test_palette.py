"""The palette finds customers themselves, a few and only of the own project."""

from __future__ import annotations

import re
from html import unescape

import pytest

from store.identity.links import Identity, Link
from tests.admin.conftest import NOW, Shop, happened


def found(shop: Shop, text: str, *, who: str = "viewer", project: str = "shop") -> list[str]:
    """The names of customers that are offered."""
    answer = shop.client(who).get(f"/p/{project}/palette/customers", query_string={"q": text})
    assert answer.status_code == 200
    return [unescape(one).strip() for one in re.findall(r'text-truncate">([^<]*)<', answer.text)]


@pytest.mark.parametrize("text", ["ada", "ad", " ada-phone ", "ADA@shop"])
def test_a_customer_is_found_by_an_id_its_start_or_a_trait(own_shop: Shop, text: str) -> None:
    told = happened("", "ada", day=1, kind="identify", traits={"email": "ada@shop.example"})
    own_shop.services.events.insert([told], token="told")
    assert found(own_shop, text) == ["ada"]
    where = own_shop.client("viewer").get("/p/shop/palette/customers", query_string={"q": text}).text
    address = re.search(r'href="(/p/shop/customers/\d+)"', where)[1]
    assert "ada" in own_shop.client("viewer").get(address).text


@pytest.mark.parametrize("text", ["ada", " ada-phone ", "Ada@Shop.example"])
def test_a_customer_of_this_very_id_is_the_first_and_listed_once(own_shop: Shop, text: str) -> None:
    told = happened("", "ada", day=1, kind="identify", traits={"email": "ada@shop.example"})
    own_shop.services.events.insert([told], token="told")
    mail = Link(Identity("user", "ada"), Identity("email", "ada@shop.example"), "email", "e2", NOW)
    own_shop.services.ledger.join(own_shop.project.id, [mail], now=NOW)
    client = own_shop.client("viewer")
    page = client.get("/p/shop/palette", query_string={"q": text}).text
    first = re.findall(r'href="([^"]+)"', page)[0]
    assert re.fullmatch(r"/p/shop/customers/\d+", first)
    assert "ada" in client.get(first).text
    more = re.search(r'hx-get="([^"]+)"', page)
    assert more
    assert first not in client.get(unescape(more[1])).text


@pytest.mark.parametrize("text", ["ad", "a", "nobody", "journeys"])
def test_no_customer_is_the_first_whose_id_only_begins_so(own_shop: Shop, text: str) -> None:
    page = own_shop.client("viewer").get("/p/shop/palette", query_string={"q": text}).text
    assert not re.search(r'href="/p/shop/customers/\d+"', page)


def test_one_letter_and_a_customer_of_others_find_nobody(own_shop: Shop) -> None:
    assert found(own_shop, "a") == []
    assert found(own_shop, "") == []
    assert found(own_shop, "ada", who="stranger", project="other") == []


def test_five_are_enough(own_shop: Shop) -> None:
    rows = [
        happened("", f"gus-{n}", day=1, kind="identify", traits={"email": f"{n}@many.example"})
        for n in range(9)
    ]
    own_shop.services.events.insert(rows, token="many")
    assert len(found(own_shop, "many.example")) == 5


def test_customers_are_looked_up_once_there_are_two_letters(own_shop: Shop) -> None:
    client = own_shop.client("viewer")
    assert "/p/shop/palette/customers?q=ad" in client.get("/p/shop/palette?q=ad").text
    assert "/palette/customers" not in client.get("/p/shop/palette?q=a").text
