"""Customers: found by id and trait, shown with their timeline, parted again by an editor."""

from __future__ import annotations

from store.event import identity_hash
from tests.admin.conftest import Shop, happened

ADA = identity_hash("user", "ada")


def test_search_finds_by_id_and_by_its_start(shop: Shop) -> None:
    for text in ("ada", "ada-pho"):
        page = shop.client("viewer").get(f"/p/shop/customers?q={text}").text
        assert f'/p/shop/customers/{ADA}"' in page, text
    assert "Nobody found" in shop.client("viewer").get("/p/shop/customers?q=zoe").text


def test_the_timeline_marks_where_runs_begin_and_end(shop: Shop) -> None:
    text = shop.client("viewer").get(f"/p/shop/customers/{ADA}").text
    began, ended = text.index("run began"), text.index("succeeded, furthest Pays")
    assert ended < began, "newest first"
    assert "Order Paid" in text
    assert "ada-phone" in text


def test_a_customer_of_another_project_is_not_there(shop: Shop) -> None:
    assert shop.client("stranger").get(f"/p/other/customers/{ADA}").status_code == 404
    assert shop.client("viewer").get("/p/shop/customers/4711").status_code == 404


def test_unmerge_parts_the_identities_and_asks_for_new_runs(own_shop: Shop) -> None:
    phone = identity_hash("anonymous", "ada-phone")
    answer = own_shop.client("editor").post(f"/p/shop/customers/{ADA}/unmerge", data={"a": ADA, "b": phone})
    assert answer.location == f"/p/shop/customers/{ADA}"
    assert own_shop.refreshed == [(own_shop.project.id, {ADA, phone})]
    assert "taken back" in own_shop.client("viewer").get(f"/p/shop/customers/{phone}").text
    assert (
        own_shop.client("editor").post(f"/p/shop/customers/{ADA}/unmerge", data={"a": "x"}).status_code == 400
    )


def test_many_events_come_page_by_page(own_shop: Shop, add_events) -> None:
    add_events([happened("Step", "fay", day=1 + n / 1000, properties={"n": n}) for n in range(250)])
    fay = identity_hash("user", "fay")
    first = own_shop.client("viewer").get(f"/p/shop/customers/{fay}").text
    assert "Show older events" in first
    link = first.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    rest = own_shop.client("viewer").get(link, headers={"HX-Request": "true", "HX-Target": "older"}).text
    assert rest.count('<li class="happening') == 50
    assert "<html" not in rest
