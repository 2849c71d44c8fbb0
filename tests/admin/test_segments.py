"""Saved segments: made, changed, deleted and brought back; and every report can be asked about one."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from journeys.comparison import MEANINGS
from store.segments import save_segment, saved_segment, saved_segments
from tests.admin.conftest import NOW, Shop
from tests.admin.test_api import Ask, asking

PHONE = {"key": "phone", "name": "On the phone", "all": [{"field": "device", "op": "eq", "value": "mobile"}]}
PAID = {
    "key": "paid",
    "name": "Paid & pleased",
    "all": [{"did": {"event": "Order Paid"}, "during": "run"}],
}
TEXT = """key: phone
name: On the phone
all:
  - {field: device, op: eq, value: mobile}
"""


@pytest.fixture(scope="module")
def shop(shop: Shop) -> Shop:
    """The shop that stays as it is, with two segments."""
    for one in (PHONE, PAID):
        save_segment(shop.services.engine, shop.project.id, one, by="editor@shop.example", now=NOW)
    return shop


@pytest.fixture
def ask(shop: Shop) -> Ask:
    return asking(shop)


def kept(shop: Shop) -> list[str]:
    return [one.key for one in saved_segments(shop.services.engine, shop.project.id)]


def page(shop: Shop, path: str, who: str = "viewer") -> str:
    answer = shop.client(who).get(f"/p/shop/{path}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_a_saved_segment_can_be_named_wherever_runs_are_asked_for(ask: Ask) -> None:
    period = "from=2026-02-01"
    for text, entered in (("name:phone", 1), ("not:phone", 4), ("name:phone,device:desktop", 0), ("", 5)):
        status, found = ask("GET", f"/journeys/buy/funnel?{period}&segment={text}")
        assert (status, found["entered"]) == (200, entered)
    for report in ("trend", "variants", "runs", "conformance", "attribution", "breakdown?by=device", "paths"):
        joint = "&" if "?" in report else "?"
        assert ask("GET", f"/journeys/buy/{report}{joint}{period}&segment=name:phone")[0] == 200, report
    rows = ask("GET", f"/journeys/buy/runs?{period}&segment=name:phone")[1]
    assert [run["device"] for run in rows["runs"]] == ["mobile"]
    status, problem = ask("GET", f"/journeys/buy/funnel?{period}&segment=name:nobody")
    assert (status, problem["message"]) == (400, "there is no saved segment 'nobody'")


def test_survival_compares_saved_segments(ask: Ask) -> None:
    found = ask(
        "GET", "/journeys/buy/survival?from=2026-02-01&segment=name:phone&against=not:phone;name:paid"
    )[1]
    assert [(one["name"], one["n"]) for one in found["curves"]] == [
        ("name: On the phone", 1),
        ("not: On the phone", 4),
        ("name: Paid & pleased", 1),
    ]


def test_the_comparison_over_the_api_with_its_lists_and_its_file(shop: Shop, ask: Ask) -> None:
    query = "from=2026-02-01&segments=name:phone;not:phone"
    status, found = ask("GET", f"/journeys/buy/compare?{query}")
    assert status == 200
    phone, others = found["segments"]
    assert (phone["entered"]["n"], others["entered"]["n"]) == (1, 4)
    assert phone["small"]
    cell = others["outcomes"]["succeeded"]["cell"]
    rows = ask("GET", f"/journeys/buy/runs?from=2026-02-01&report=compare&cell={cell}")[1]
    assert (rows["total"], others["outcomes"]["succeeded"]["n"]) == (1, 1)
    file = shop.client("viewer").get("/p/shop/journeys/buy/compare.csv?days=30&segments=name:phone;not:phone")
    assert [line.split(",")[0] for line in file.text.splitlines()] == [
        "segment",
        *["name:phone"] * 3,
        *["not:phone"] * 3,
        "name:phone and not:phone",
    ]
    assert ask("GET", "/journeys/buy/compare?segments=all")[1]["code"] == "bad_question"


def test_the_page_of_the_comparison(shop: Shop) -> None:
    text = page(
        shop, "journeys/buy/compare?days=30&segments=name:phone&segments=not:phone&segments=&segments=all"
    )
    assert re.findall(r'<th scope="row" class="break">([^<]+?)\s*<', text)[:3] == [
        "On the phone",
        "not in On the phone",
        "everyone",
    ]
    assert "1 runs are in both On the phone and everyone" in re.sub("<[^>]+>", "", text)
    assert MEANINGS["overlap"] in text
    assert 'value="name:paid"' in text
    alone = shop.client("viewer").get("/p/shop/journeys/buy/compare?segments=all")
    assert (alone.status_code, "compare 2 to 5" in alone.text.lower()) == (400, True)


@pytest.mark.parametrize(
    "tab",
    [
        "funnel",
        "breakdown",
        "paths",
        "timing",
        "variants",
        "compare",
        "conformance",
        "attribution",
        "zero",
        "runs",
    ],
)
def test_the_bar_of_every_tab_chooses_one_and_its_links_keep_it(shop: Shop, tab: str) -> None:
    text = page(shop, f"journeys/buy/{tab}?days=30&segment=phone&not_segment=paid&medium=(none)")
    assert "in: <b>On the phone</b>" in text
    assert "not in: <b>Paid & pleased</b>" in text
    assert '<option value="phone" selected>On the phone</option>' in text
    assert "/journeys/buy/funnel?days=30&medium=(none)&segment=phone&not_segment=paid" in text
    files = re.findall(r'href="([^"]+\.csv\?[^"]+)"', text)
    assert all("segment=phone&not_segment=paid" in one for one in files)


def test_a_segment_narrows_the_page_and_its_list(shop: Shop) -> None:
    text = page(shop, "journeys/buy/funnel?days=30&segment=phone")
    link = re.search(r'href="(/p/shop/journeys/buy/runs\?[^"]*number=entered[^"]*)">1<', text)
    assert link
    assert "segment=phone" in link[1]
    assert "/p/shop/customers/" in shop.client("viewer").get(link[1]).text


def test_the_breakdown_leads_from_both_groups_to_their_lists(shop: Shop) -> None:
    text = page(shop, "journeys/buy/breakdown?days=30&by=segment:phone")
    found = re.findall(r'href="(/p/shop/journeys/buy/runs\?[^"]+)" aria-label="(\d+) entered"', text)
    titles = {
        n: re.findall(
            r'id="runs-title">(.*?) ' r"runs?<", shop.client("viewer").get(html.unescape(link)).text
        )
        for link, n in found
    }
    assert titles == {
        "4": ["segment phone: not in. All who entered: 4"],
        "1": ["segment phone: in. All who entered: 1"],
        "5": ["All who entered: 5"],
    }


def test_the_list_of_segments_says_how_many_belong_to_each(shop: Shop) -> None:
    text = page(shop, "segments")
    assert "On the phone" in text
    assert "New segment" not in text
    parts = re.findall(r'hx-get="([^"]+)"', text)
    told = [re.sub(r"<[^>]+>|\s+", " ", shop.client("viewer").get(part).text).split() for part in parts]
    assert told == [["1", "run", "of", "1", "customer"]] * 2


def test_an_editor_makes_changes_and_deletes_a_segment(own_shop: Shop) -> None:
    browser = own_shop.client("editor")
    example = re.search(r"<textarea[^>]*>(.*?)</textarea>", browser.get("/p/shop/segments/edit").text, re.S)
    assert example
    posted = browser.post("/p/shop/segments/edit", data={"text": html.unescape(example[1])})
    assert posted.status_code == 302, posted.text
    browser.post("/p/shop/segments/edit", data={"text": TEXT})
    assert kept(own_shop) == ["came-back", "phone"]
    again = browser.post("/p/shop/segments/edit", data={"text": TEXT})
    assert (again.status_code, "already" in again.text) == (422, True)
    changed = TEXT.replace("mobile", "tablet")
    browser.post("/p/shop/segments/edit", data={"text": changed, "former": "phone"})
    found = saved_segment(own_shop.services.engine, own_shop.project.id, "phone")
    assert found
    assert found.definition["all"][0]["value"] == "tablet"
    assert (found.changed_by, found.changed_at) == ("editor@shop.example", NOW)
    other = browser.post(
        "/p/shop/segments/edit", data={"text": changed.replace("key: phone", "key: x"), "former": "phone"}
    )
    assert (other.status_code, "stays as it is" in other.text) == (422, True)
    gone = browser.post("/p/shop/segments/delete", data={"key": "phone"}, follow_redirects=True)
    assert "Undo" in gone.text
    assert kept(own_shop) == ["came-back"]
    browser.post("/p/shop/segments/restore", data={"key": "phone"})
    assert kept(own_shop) == ["came-back", "phone"]
    assert browser.post("/p/shop/segments/delete", data={"key": "nobody"}).status_code == 404
    assert browser.get("/p/shop/segments/edit?key=nobody").status_code == 404


THIRD = TEXT.replace("key: phone", "key: third").replace("On the phone", "A third")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("all: [", "not YAML"),
        (THIRD.replace("device", "shoe"), "Must be one of"),
        (THIRD + "  - {journey: nowhere, state: failed}\n", "there is no journey 'nowhere'"),
        (THIRD + "  - {trait: plan, op: matches, value: '(?=a)b'}\n", "look-ahead"),
        (
            THIRD
            + "  - {did: {event: A, where: [{property: p, op: matches, value: 'a{9999}'}]}, before: 1d}\n",
            "pattern",
        ),
        (TEXT.replace("key: phone", "key: other"), "has this name"),
    ],
)
def test_what_cannot_be_used_stays_in_the_form(shop: Shop, text: str, problem: str) -> None:
    answer = shop.client("editor").post("/p/shop/segments/edit", data={"text": text})
    assert answer.status_code == 422
    assert problem in html.unescape(answer.text)
    assert text.strip().splitlines()[0] in html.unescape(answer.text)


def test_segments_over_the_api(own_shop: Shop) -> None:
    ask = asking(own_shop, "editor")
    status, made = ask("POST", "/segments", json=PHONE)
    assert (status, made["definition"], made["created_by"]) == (201, PHONE, "test")
    assert ask("POST", "/segments", json=PHONE)[0] == 409
    better = PHONE | {"name": "Phones"}
    assert ask("PUT", "/segments/phone", json=better)[1]["definition"] == better
    assert ask("PUT", "/segments/other", json=better)[1]["field"] == "key"
    assert [one["key"] for one in ask("GET", "/segments")[1]["segments"]] == ["phone"]
    size: dict[str, Any] = ask("GET", "/segments/phone/size?journey=buy&from=2026-02-01")[1]
    assert (size["runs"], size["customers"]) == (1, 1)
    assert ask("GET", "/segments/phone/size?journey=nowhere")[0] == 404
    status, problem = ask("POST", "/segments", json={"key": "x", "name": "X", "all": [{"field": "device"}]})
    assert (status, problem["field"]) == (400, "all.0.op")
    assert ask("DELETE", "/segments/phone")[0] == 204
    assert ask("DELETE", "/segments/phone")[0] == ask("GET", "/segments/phone")[0] == 404
    assert ask("PUT", "/segments/phone", json=PHONE)[1]["created_at"] == made["created_at"]
    assert asking(own_shop, "viewer")("DELETE", "/segments/phone")[0] == 403
    assert asking(own_shop, "admin", own_shop.other.id)("GET", "/segments/phone")[0] == 404
    paths = own_shop.client().get("/api/openapi.json").get_json()["paths"]
    assert {"/api/v1/segments", "/api/v1/segments/{key}", "/api/v1/journeys/{key}/compare"} <= paths.keys()


def test_a_segment_about_a_journey_that_went_says_so(own_shop: Shop) -> None:
    segment = {"key": "s", "name": "S", "all": [{"journey": "gone", "state": "failed"}]}
    save_segment(own_shop.services.engine, own_shop.project.id, segment, by="x", now=NOW)
    text = own_shop.client("viewer").get("/p/shop/segments/size/s?journey=buy").text
    assert "The segment asks for the journey 'gone', which does not exist" in html.unescape(text)
