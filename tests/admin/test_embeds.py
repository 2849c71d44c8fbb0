"""Links to one report: what they open, what they never open, and how they end."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from admin import embedding
from admin.app import create_app
from journeys.segment_definitions import parse_segment
from store import audit
from store.embeds import embeds_of
from store.journeys import delete_journey
from store.segments import delete_segment, restore_segment, save_segment
from tests.admin.conftest import DAY, NOW, Shop

FORM = {"journey": "buy", "report": "funnel", "days": "30", "period": "30"}


def made(shop: Shop, **form: str) -> str:
    """The path of a new link."""
    answer = shop.client("editor").post("/p/shop/settings/embeds", data=FORM | form)
    assert answer.status_code == 200, answer.text
    found = re.search(r"/embed/[\w-]{40,}", answer.text)
    assert found
    return found[0]


def later(shop: Shop, ms: int) -> Shop:
    """The same shop at a later time."""
    services = replace(shop.services, clock=lambda: NOW + ms)
    return replace(shop, services=services, app=create_app(services))


@pytest.mark.parametrize("report", [one.name for one in embedding.REPORTS])
def test_a_link_shows_its_report_and_leads_nowhere(own_shop: Shop, report: str) -> None:
    answer = own_shop.client().get(made(own_shop, report=report))
    assert answer.status_code == 200
    assert "data-chart" in answer.text
    assert "Buys something" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "<a " not in answer.text
    assert "<form" not in answer.text
    said = re.sub(r'"/static/[^"]+"', "", answer.text)  # whose names are numbers and letters at random
    for word in ("/p/", "cell", "number=", "ada", "viewer@", "csrf"):
        assert word not in said, word


def test_it_can_be_of_a_saved_segment(own_shop: Shop) -> None:
    phone = {"key": "phone", "name": "Phone", "all": [{"field": "device", "op": "eq", "value": "mobile"}]}
    save_segment(own_shop.services.engine, own_shop.project.id, phone, by="e", now=NOW)
    for one in embedding.REPORTS:
        asked = [f"days=30{more}" for more in ("&segment=phone", "&device=mobile", "")]
        pages = [own_shop.client().get(made(own_shop, report=one.name, asked=this)).text for this in asked]
        saved, plain, everybody = (re.findall(r"data-values='([^']*)'", page) for page in pages)
        assert saved == plain != everybody, one.name


def test_it_may_stand_in_frames_and_no_other_page_may(own_shop: Shop) -> None:
    anywhere, wiki = (
        made(own_shop),
        made(own_shop, origins="https://wiki.shop.example, https://*.b.example:8443"),
    )
    policies = [own_shop.client().get(path).headers for path in (anywhere, wiki)]
    assert policies[0]["Content-Security-Policy"].endswith("; frame-ancestors *")
    assert policies[1]["Content-Security-Policy"].endswith(
        "; frame-ancestors https://wiki.shop.example https://*.b.example:8443"
    )
    for headers in policies:
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in headers
        assert headers["Referrer-Policy"] == "no-referrer"
    for path in ("/p/shop/journeys", "/p/shop/settings/embeds", "/sign-in", "/embed/nothing"):
        headers = own_shop.client("editor").get(path).headers
        assert headers["X-Frame-Options"] == "DENY", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path


@pytest.mark.parametrize(
    "origin",
    [
        "javascript:x",
        "https://a;b",
        "https://a/b",
        "*",
        "'self'",
        "https://a.example;script-src",
        "a.example",
    ],
)
def test_only_origins_may_be_named(own_shop: Shop, origin: str) -> None:
    answer = own_shop.client("editor").post("/p/shop/settings/embeds", data=FORM | {"origins": origin})
    assert (answer.status_code, "is no origin" in answer.text) == (422, True)
    assert embeds_of(own_shop.services.engine, own_shop.project.id) == []


def test_links_end_by_time_and_by_hand_and_say_so_in_a_sentence(own_shop: Shop) -> None:
    path, other = made(own_shop), made(own_shop)
    assert later(own_shop, 30 * DAY - 1).client().get(path).status_code == 200
    answer = later(own_shop, 30 * DAY).client().get(path)
    assert (answer.status_code, "has expired or was revoked" in answer.text) == (410, True)
    number = embeds_of(own_shop.services.engine, own_shop.project.id)[0]["id"]
    assert own_shop.client().get(other).status_code == 200
    own_shop.client("editor").post(f"/p/shop/settings/embeds/{number}/revoke")
    assert own_shop.client().get(other).status_code == 410, "though the page had been made before"
    assert own_shop.client().get("/embed/never-made").status_code == 404
    stranger = own_shop.client("stranger").post(f"/p/other/settings/embeds/{number - 1}/revoke")
    assert stranger.status_code == 404
    assert own_shop.client().get(path).status_code == 200


def test_it_is_gone_with_the_journey(own_shop: Shop) -> None:
    path = made(own_shop)
    assert own_shop.client().get(path).status_code == 200
    assert "shows nothing" not in own_shop.client("editor").get("/p/shop/settings/embeds").text
    delete_journey(own_shop.services.engine, own_shop.project.id, "buy", now=NOW)
    answer = own_shop.client().get(path)
    assert (answer.status_code, "no longer there" in answer.text) == (410, True)
    listed = own_shop.client("editor").get("/p/shop/settings/embeds").text
    assert "shows nothing" in listed
    assert "There is no journey &#39;buy&#39;" in listed


@pytest.mark.parametrize(
    ("report", "asked"),
    [("funnel", "segment=phones"), ("funnel", "not_segment=phones"), ("paths", "against=name:phones")],
)
def test_it_is_gone_with_the_segment_that_it_asks_for(own_shop: Shop, report: str, asked: str) -> None:
    engine, project = own_shop.services.engine, own_shop.project.id
    phones = {"key": "phones", "name": "Phones", "all": [{"field": "device", "op": "eq", "value": "mobile"}]}
    save_segment(engine, project, parse_segment(phones).source, by="x", now=NOW)
    path = made(own_shop, report=report, asked=f"days=30&{asked}")
    assert own_shop.client().get(path).status_code == 200
    delete_segment(engine, project, "phones", by="x", now=NOW)
    assert own_shop.client().get(path).status_code == 410, "though the page had been made before"
    listed = own_shop.client("editor").get("/p/shop/settings/embeds").text
    assert "There is no saved segment &#39;phones&#39;" in listed
    restore_segment(engine, project, "phones", by="x", now=NOW)
    assert own_shop.client().get(path).status_code == 200


def test_it_asks_what_the_page_asked(own_shop: Shop) -> None:
    page = own_shop.client("editor").get("/p/shop/journeys/buy/funnel?days=90&device=mobile").text
    share = re.search(r'href="(/p/shop/settings/embeds\?[^"]+)"', page)
    assert share
    form = own_shop.client("editor").get(share[1].replace("&amp;", "&")).text
    asked = re.search(r'name="asked" value="([^"]+)"', form)
    assert asked
    path = made(own_shop, asked=asked[1].replace("&amp;", "&"))
    shown = own_shop.client().get(path).text
    assert "from Dec 2, 2025 through Mar 1, 2026, device mobile" in " ".join(shown.split())
    assert "n 1)" in shown
    (row,) = embeds_of(own_shop.services.engine, own_shop.project.id)
    assert row["asked"] == {"days": "90", "device": "mobile"}


@pytest.mark.parametrize("report", [one.name for one in embedding.REPORTS])
def test_a_link_says_only_what_it_shows(own_shop: Shop, report: str) -> None:
    compared = {"beside": "previous", "against": "device:mobile", "breakdown": "device"}
    query = {"journey": "buy", "report": report, "days": "30", **compared}
    form = own_shop.client("editor").get("/p/shop/settings/embeds", query_string=query).text
    assert "is not shown by a link" in form
    asked = re.search(r'name="asked" value="([^"]+)"', form)
    assert asked
    path = made(own_shop, report=report, asked=f"{asked[1].replace('&amp;', '&')}&beside=previous")
    (row,) = embeds_of(own_shop.services.engine, own_shop.project.id)
    assert row["asked"].keys() & compared.keys() == ({"against"} if report == "paths" else set())
    assert ("compared with" in own_shop.client().get(path).text) == (report == "paths")


@pytest.mark.parametrize(
    "wrong",
    [
        {"report": "breakdown"},
        {"report": "runs"},
        {"days": "9999"},
        {"journey": "nothing"},
        {"asked": "from=x"},
        {"asked": f"device={'x' * 5_000}"},
    ],
)
def test_what_cannot_be_shown_gets_no_link(own_shop: Shop, wrong: dict[str, str]) -> None:
    answer = own_shop.client("editor").post("/p/shop/settings/embeds", data=FORM | wrong)
    assert answer.status_code == 422
    assert embeds_of(own_shop.services.engine, own_shop.project.id) == []


def test_links_are_listed_with_who_made_them_and_kept_as_hashes(own_shop: Shop) -> None:
    path = made(own_shop)
    token = path.removeprefix("/embed/")
    page = own_shop.client("editor").get("/p/shop/settings/embeds").text
    assert "editor@shop.example" in page
    assert "never" in page
    assert token not in page
    own_shop.client().get(path)
    assert ">never<" not in own_shop.client("editor").get("/p/shop/settings/embeds").text
    engine = own_shop.services.engine
    assert token not in str(embeds_of(engine, own_shop.project.id))
    told = [line["did"] for line in audit.lines(engine, own_shop.project.id)]
    assert told == ["made a link to the report funnel of buy, for 30 days"]


def test_however_many_look_it_is_computed_once_in_some_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "WAIT_S", 60.0)
    shelf, asked = embedding.Shelf(), []

    def make() -> str:
        asked.append(1)
        return f"page {len(asked)}"

    with ThreadPoolExecutor(8) as pool:
        pages = {one.result() for one in [pool.submit(shelf.of, 1, make, now=NOW) for _ in range(50)]}
    assert pages == {"page 1"}
    assert shelf.of(1, make, now=NOW + embedding.FRESH_MS - 1) == "page 1"
    assert shelf.of(1, make, now=NOW + embedding.FRESH_MS) == "page 2"


def test_while_one_is_computed_others_have_their_last_page_or_are_told_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "WAIT_S", 0.01)
    shelf, begun, go_on = embedding.Shelf(), threading.Event(), threading.Event()
    shelf.of(2, lambda: "old", now=NOW)

    def slow() -> str:
        begun.set()
        go_on.wait(30)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(shelf.of, 1, slow, now=NOW)
        begun.wait(30)
        assert shelf.of(2, lambda: "new", now=NOW + embedding.FRESH_MS) == "old"
        with pytest.raises(embedding.Busy):
            shelf.of(3, lambda: "never", now=NOW)
        go_on.set()
        assert first.result() == "slow"


def test_few_pages_are_kept_and_a_failed_one_is_none() -> None:
    shelf = embedding.Shelf()
    for number in range(embedding.MOST_KEPT + 1):
        shelf.of(number, lambda: "page", now=NOW)
    assert shelf.of(0, lambda: "made anew", now=NOW) == "made anew"
    with pytest.raises(ZeroDivisionError):
        shelf.of(-1, lambda: str(1 / 0), now=NOW)
    assert shelf.of(-1, lambda: "now it works", now=NOW) == "now it works"
