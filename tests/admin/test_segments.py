"""Saved segments: made, changed, deleted and brought back; and every report can be asked about one."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from yaml import safe_load as load

from admin import draft_edits
from admin.segment_draft import LISTS, empty, from_definition, from_form, new_item, to_definition
from journeys.comparison import MEANINGS
from journeys.members import MEANINGS as MEMBERS
from journeys.metrics import WORDS
from journeys.reports import REPORTS, TABS
from journeys.segment_definitions import parse_segment
from store.event import Event
from store.segments import delete_segment, save_segment, saved_segment, saved_segments
from tests.admin.conftest import NOW, Shop, happened
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
def shop(shop: Shop) -> Iterator[Shop]:
    """The shop that stays as it is, with two segments, which other files find gone again."""
    engine, project = shop.services.engine, shop.project.id
    for one in (PHONE, PAID):
        save_segment(engine, project, one, by="editor@shop.example", now=NOW)
    yield shop
    for one in (PHONE, PAID):
        delete_segment(engine, project, one["key"], by="editor@shop.example", now=NOW)


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
    rows = ask("GET", f"/journeys/buy/runs?{period}&segment=name:phone")[1]
    assert [run["device"] for run in rows["runs"]] == ["mobile"]
    status, problem = ask("GET", f"/journeys/buy/funnel?{period}&segment=name:nobody")
    assert (status, problem["message"]) == (400, "there is no saved segment 'nobody'")


def told(answer: Any) -> Any:
    """An answer without the names of its lists and of what it is limited to."""
    if isinstance(answer, list):
        return [told(one) for one in answer]
    if not isinstance(answer, dict):
        return answer
    is_group = "text" in answer or "came_rate" in answer
    names = {"cell", "cells", "segment"} | ({"text", "name"} if is_group else set())
    return {name: told(one) for name, one in answer.items() if name not in names}


@pytest.mark.parametrize("report", [one.name for one in REPORTS])
def test_every_report_and_its_file_say_of_it_what_they_say_of_the_same_runs(
    shop: Shop, ask: Ask, report: str
) -> None:
    """The segment has one condition, which can be asked without it as well."""
    asked = "by=device" if report.startswith("breakdown") else "segments=all;channel:Direct"
    path = f"/journeys/buy/{report}?from=2026-02-15&{asked}"
    (status, saved), (_, plain) = (
        ask("GET", f"{path}&segment={one}") for one in ("name:phone", "device:mobile")
    )
    assert status == 200, saved
    assert told(saved) == told(plain)
    assert told(saved) != told(ask("GET", path)[1]), "which are not those of all"
    files = [
        shop.client("viewer").get(f"/p/shop/journeys/buy/{report}.csv?from=2026-02-15&{asked}&{one}")
        for one in ("segment=phone", "device=mobile")
    ]
    assert files[0].status_code == 200
    assert files[0].text.replace("name: On the phone", "device: mobile") == files[1].text


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
    assert re.findall(r'<th scope="row" class="break"><bdi>([^<]+?)</bdi>', text)[:3] == [
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
    [*(one.name for one in TABS), "runs"],
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
    parts = re.findall(r'<div id="size-[^"]+" hx-get="([^"]+)"', text)
    told = [re.sub(r"<[^>]+>|\s+", " ", shop.client("viewer").get(part).text).split() for part in parts]
    assert told == [["1", "run", "of", "1", "customer"]] * 2


def fields_of(yaml: str, **more: str) -> dict[str, str]:
    """The fields that a browser would send for this segment."""
    return form_of(from_definition(load(yaml))) | {"do": "save", **more}


def form_of(one: dict[str, Any], prefix: str = "") -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in one.items():
        if isinstance(value, list):
            for number, item in enumerate(value):
                fields |= form_of(item, f"{prefix}{name}.{number}.")
        elif isinstance(value, dict):
            fields |= form_of(value, f"{prefix}{name}.")
        else:
            fields[f"{prefix}{name}"] = value
    return fields


def test_an_editor_makes_changes_and_deletes_a_segment(own_shop: Shop) -> None:
    browser = own_shop.client("editor")
    posted = browser.post("/p/shop/segments/edit", data=fields_of(TEXT, key=""))
    assert posted.status_code == 302, posted.text
    assert kept(own_shop) == ["on-the-phone"]
    browser.post("/p/shop/segments/delete", data={"key": "on-the-phone"})
    browser.post("/p/shop/segments/edit", data=fields_of(TEXT))
    again = browser.post("/p/shop/segments/edit", data=fields_of(TEXT, description="Another"))
    assert (again.status_code, "already" in again.text) == (422, True)
    changed = TEXT.replace("mobile", "tablet")
    form = browser.get("/p/shop/segments/edit?key=phone").text
    assert re.search(r'name="parts\.0\.value" value="mobile"', form)
    browser.post("/p/shop/segments/edit", data=fields_of(changed, former="phone"))
    found = saved_segment(own_shop.services.engine, own_shop.project.id, "phone")
    assert found
    assert found.definition["all"][0]["value"] == "tablet"
    assert (found.changed_by, found.changed_at) == ("editor@shop.example", NOW)
    renamed = fields_of(changed.replace("key: phone", "key: x"), former="phone")
    other = browser.post("/p/shop/segments/edit", data=renamed)
    assert (other.status_code, "stays as it is" in other.text) == (422, True)
    gone = browser.post("/p/shop/segments/delete", data={"key": "phone"}, follow_redirects=True)
    assert "Undo" in gone.text
    assert kept(own_shop) == []
    browser.post("/p/shop/segments/restore", data={"key": "phone"})
    assert kept(own_shop) == ["phone"]
    assert browser.post("/p/shop/segments/delete", data={"key": "nobody"}).status_code == 404
    assert browser.get("/p/shop/segments/edit?key=nobody").status_code == 404


def hidden(text: str, name: str = "seen") -> str:
    found = re.search(rf'name="{name}" value="(\w*)"', text)
    assert found
    return found[1]


def device(shop: Shop) -> str:
    found = saved_segment(shop.services.engine, shop.project.id, "phone")
    assert found
    return str(found.definition["all"][0]["value"])


@pytest.mark.parametrize("script", [{}, {"HX-Request": "true"}])
def test_a_segment_that_was_changed_since_it_was_opened_is_not_replaced_unseen(
    own_shop: Shop, script: dict[str, str]
) -> None:
    browser, address = own_shop.client("editor"), "/p/shop/segments/edit"
    save_segment(own_shop.services.engine, own_shop.project.id, PHONE, by="x", now=NOW)
    seen = hidden(browser.get(f"{address}?key=phone").text)
    first, second = (
        fields_of(TEXT.replace("mobile", one), former="phone", seen=seen) for one in ("tablet", "tv")
    )
    moved = browser.post(address, data=second | {"do": "parts:add"}, headers=script)
    assert hidden(moved.text) == seen, "the form that was opened goes on"
    assert browser.post(address, data=first, headers=script).status_code < 400
    assert browser.post(address, data=first, headers=script).status_code < 400, "the same may be sent twice"
    refused = browser.post(address, data=second, headers=script)
    assert (refused.status_code, device(own_shop)) == (409, "tablet")
    assert "has changed this since you opened it" in refused.text
    assert 'name="parts.0.value" value="tv"' in refused.text, "what was written stays in the form"
    again = browser.post(address, data=second | {"seen": hidden(refused.text)}, headers=script)
    assert again.status_code < 400
    assert device(own_shop) == "tv"


def test_a_segment_that_was_deleted_meanwhile_comes_back_only_when_that_is_known(own_shop: Shop) -> None:
    browser, address = own_shop.client("editor"), "/p/shop/segments/edit"
    save_segment(own_shop.services.engine, own_shop.project.id, PHONE, by="x", now=NOW)
    form = fields_of(TEXT, former="phone", seen=hidden(browser.get(f"{address}?key=phone").text))
    browser.post("/p/shop/segments/delete", data={"key": "phone"})
    refused = browser.post(address, data=form)
    assert (refused.status_code, kept(own_shop)) == (409, [])
    browser.post(address, data=form | {"seen": hidden(refused.text)})
    assert kept(own_shop) == ["phone"]


def test_a_new_segment_that_is_sent_twice_is_kept_once(own_shop: Shop) -> None:
    browser = own_shop.client("editor")
    for _ in range(2):
        assert browser.post("/p/shop/segments/edit", data=fields_of(TEXT, key="")).status_code == 302
    assert kept(own_shop) == ["on-the-phone"]


def test_keys_that_are_made_of_names_are_each_ones_own(own_shop: Shop) -> None:
    browser, address = own_shop.client("editor"), "/p/shop/segments/edit"
    for name in ("電話", "電話", "Таблет", "Größe ½"):
        saved = browser.post(address, data=fields_of(TEXT, key="", name=name))
        assert saved.status_code == 302, saved.text
    assert kept(own_shop) == ["segment", "segment-2", "grosse-1-2"]
    beside = browser.post("/p/shop/segments/beside", data=fields_of(TEXT, key="", name="三"))
    assert "key: segment-3" in beside.text, "as it would be saved"
    browser.post("/p/shop/segments/delete", data={"key": "segment-2"})
    browser.post(address, data=fields_of(TEXT, key="", name="三"))
    assert kept(own_shop) == ["segment", "grosse-1-2", "segment-3"], "one that was deleted can come back"
    typed = browser.post(address, data=fields_of(TEXT, key="segment", name="四"))
    assert (typed.status_code, "already" in typed.text) == (422, True)


def test_our_own_script_gets_the_form_alone_and_goes_on_after_saving(own_shop: Shop) -> None:
    browser, script = own_shop.client("editor"), {"HX-Request": "true"}
    part = browser.post("/p/shop/segments/edit", data=fields_of(TEXT, do="check"), headers=script)
    assert part.text.lstrip().startswith("<form")
    saved = browser.post("/p/shop/segments/edit", data=fields_of(TEXT), headers=script)
    assert saved.headers["HX-Redirect"] == "/p/shop/segments"


THIRD = TEXT.replace("key: phone", "key: third").replace("On the phone", "A third")


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        (THIRD.replace("value: mobile", "value: ''"), "give a value", "parts.0.value"),
        (THIRD + "  - {journey: nowhere, state: failed}\n", "there is no journey 'nowhere'", ""),
        (THIRD + "  - {trait: plan, op: matches, value: '(?=a)b'}\n", "look-ahead", "parts.1.value"),
        (THIRD + "  - {trait: plan, op: matches, value: 'a{9999}'}\n", "pattern", ""),
        (THIRD + "  - {trait: '', op: is_set}\n", "1", "parts.1.name"),
        (THIRD + "  - any: [{did: {event: ''}, before: 1d}]\n", "1", "parts.1.parts.0.first.event"),
        (THIRD + "  - {did: {event: A}, before: soon}\n", "write a duration", "parts.1.before"),
        (THIRD + "  - {did: {event: A}, before: 1d, at_least: 0}\n", "greater", "parts.1.times"),
        (
            THIRD + "  - {did: {page: /, where: [{property: n, op: gt, value: x}]}, before: 1d}\n",
            "give a number",
            "parts.1.first.where.0.value",
        ),
        (TEXT.replace("key: phone", "key: other"), "has this name", "name"),
    ],
)
def test_problems_stand_at_their_fields(shop: Shop, text: str, problem: str, place: str) -> None:
    answer = shop.client("editor").post("/p/shop/segments/edit", data=fields_of(text))
    assert answer.status_code == 422
    found = html.unescape(answer.text)
    assert problem in found
    assert not place or f'id="problem-{place}"' in found, re.findall(r'id="problem-([^"]+)"', found)


RICH = """key: rich
name: Rich
any:
- {field: channel, op: in, value: [Email, "a, b", '5', 5, 'say "so"', '']}
- {field: country, op: is_set}
- {trait: plan, op: contains, value: '12'}
- {trait: seats, op: gte, value: 12.5}
- {trait: paying, op: ne, value: true}
- did: {event: Chat, where: [{property: topic, op: eq, value: '007'}, {field: side, op: is_not_set}]}
  before: 30d
- {did: {page: /pricing*}, at_least: 2, at_most: 5, during: run}
- {did: {type: identify}, exactly: 0, before: 6w}
- {did: {event: A}, at_most: 3, before: 1d}
- {did: {event: A}, exactly: 3, before: 1d}
- {did: {event: A}, then: {event: B, where: [{property: n, op: lt, value: 3}]}, within: 1d, before: 30d}
- {did: {event: A}, then: {event: B}, exactly: 0, during: run}
- {journey: buy, state: under_way}
- all:
  - {trait: plan, op: not_in, value: [free]}
  - any:
    - {field: medium, op: starts_with, value: e}
    - all:
      - {field: source, op: is_not_set}
"""


def test_all_that_a_segment_can_say_goes_through_the_form() -> None:
    source = load(RICH)
    draft = from_form(form_of(from_definition(source)))
    assert parse_segment(to_definition(draft)).group == parse_segment(source).group
    assert to_definition(from_form(form_of(from_definition(to_definition(draft))))) == to_definition(draft)


def test_rows_are_added_moved_and_removed_also_within_each_other() -> None:
    draft = empty()

    def move(do: str) -> str:
        return draft_edits.apply(draft, do, lists=LISTS, new=new_item)

    assert move("parts:add") == "parts.1"
    draft["parts"][1]["kind"] = "group"
    assert move("parts.1.parts:add") == "parts.1.parts.0"
    assert move("parts.1.parts.0.first.where:add") == "parts.1.parts.0.first.where.0"
    assert move("parts.1:up") == "parts.0"
    assert move("parts.0.parts.0.first.where.0:remove") == ""
    assert draft["parts"][0]["parts"][0]["first"]["where"] == []
    for nonsense in (
        "parts.9:up",
        "parts.0.first:add",
        "name:add",
        "parts.0.kind:remove",
        "x",
        "parts.0.x.y:add",
    ):
        before = copy.deepcopy(draft)
        assert move(nonsense) == ""
        assert draft == before
    assert [one["kind"] for one in draft["parts"]] == ["group", "field"]


@pytest.mark.parametrize(
    "fields",
    [
        {"parts": "x", "parts.0": "y", "parts.x.kind": "did"},
        {"parts.0.kind": "nothing", "parts.0.often": "sometimes", "parts.0.first": "z"},
        {"parts.0." * 60 + "kind": "group"},
        {"parts.0.kind": "group", "parts.0.parts.0.first.where.0.op": "eq"},
    ],
)
def test_a_form_that_no_browser_sends_does_no_harm(shop: Shop, fields: dict[str, str]) -> None:
    for do in ("check", "save", "parts.0.parts:add"):
        answer = shop.client("editor").post("/p/shop/segments/edit", data={"do": do, **fields})
        assert answer.status_code in (200, 422)


def test_yaml_can_be_put_into_the_form(shop: Shop) -> None:
    browser = shop.client("editor")
    found = browser.post("/p/shop/segments/edit", data={"do": "import", "yaml": RICH}).text
    assert 'name="parts.13.parts.1.parts.1.parts.0.name"' in found
    assert 'value="Rich"' in found
    wrong = browser.post("/p/shop/segments/edit", data={"do": "import", "yaml": "all: [", "name": "Mine"})
    assert (wrong.status_code, "not YAML" in wrong.text, 'value="Mine"' in wrong.text) == (422, True, True)


def test_beside_the_form_stands_how_many_belong_and_the_same_as_yaml(shop: Shop) -> None:
    browser = shop.client("editor")

    def beside(text: str, **more: str) -> str:
        answer = browser.post("/p/shop/segments/beside", data=fields_of(text, **{"of": "buy", **more}))
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", answer.text)))

    found = beside(TEXT, name="", key="")
    assert "1 of 5 customers: 20% (4–62%) 1 of 5 runs of the last 30 days" in found
    assert "field: device" in found
    rich = "key: r\nname: R\nall:\n  - {did: {event: Order Paid}, during: run}\n"
    assert "1 of 5 customers" in beside(rich)
    assert "0 of 5 customers" in beside(rich + "  - {journey: buy, state: succeeded}\n")
    assert "Not counted yet: value: give a value" in beside(
        "key: a\nname: A\nany: [{trait: b, op: eq, value: ''}]"
    )
    assert "there is no journey" in beside("key: a\nname: A\nany: [{journey: b, state: failed}]")
    assert "There is no journey yet" in beside(TEXT, of="")
    assert shop.client("viewer").post("/p/shop/segments/beside", data={}).status_code == 403


def test_fields_suggest_what_was_really_seen(own_shop: Shop, add_events: Any) -> None:
    add_events([happened("", "ada", day=1, kind="identify", traits={"plan": "pro"})])
    browser = own_shop.client("editor")

    def suggested(query: str) -> list[str]:
        text = browser.get(f"/p/shop/editor/suggest/{query}").text
        return re.findall(r'data-value="([^"]+)"', text)

    assert suggested("trait?q=pl") == ["plan"]
    assert suggested("trait_value?name=plan") == ["pro"]
    assert suggested("trait_value?name=other") == []
    assert suggested("field_value?name=device") == ["desktop", "mobile"]
    assert suggested("field_value?name=properties") == []


def test_conditions_that_cannot_be_asked_are_refused_when_they_are_saved(ask: Ask) -> None:
    far_too_many = {"field": "country", "op": "in", "value": [str(n) for n in range(60_000)]}
    status, problem = ask("POST", "/segments", json={"key": "vast", "name": "Vast", "all": [far_too_many]})
    assert (status, problem["field"]) == (400, "segment"), problem
    assert "too many or too long" in problem["message"]


def test_over_the_api_only_the_segment_that_was_read_is_replaced(own_shop: Shop) -> None:
    ask = asking(own_shop)
    read = ask("POST", "/segments", json=PHONE)[1]["version"]
    assert ask("GET", "/segments/phone")[1]["version"] == read
    theirs, mine = {**PHONE, "name": "Phones"}, {**PHONE, "name": "On a phone"}
    stands = ask("PUT", f"/segments/phone?version={read}", json=theirs)[1]["version"]
    status, problem = ask("PUT", f"/segments/phone?version={read}", json=mine)
    assert (status, problem["code"], problem["field"]) == (409, "changed", "version")
    assert ask("GET", "/segments/phone")[1]["definition"]["name"] == "Phones"
    assert ask("PUT", f"/segments/phone?version={stands}", json=mine)[0] == 200
    assert ask("PUT", "/segments/phone", json=theirs)[0] == 200, "whatever stands"
    assert ask("POST", "/segments", json=mine)[1]["code"] == "exists"


def test_a_segment_of_what_was_done_with_a_trait_is_kept_and_answers(shop: Shop, ask: Ask) -> None:
    did = {"event": "Order Paid", "where": [{"trait": "plan", "op": "eq", "value": "pro"}]}
    conditions = [
        {"did": did, "before": "30d"},
        {"did": did, "then": {"event": "Signed Up"}, "during": "run"},
    ]
    assert ask("POST", "/segments", json={"key": "pros", "name": "Pros", "any": conditions})[0] in (200, 201)
    assert ask("GET", "/journeys/buy/funnel?from=2026-02-01&segment=name:pros")[0] == 200
    assert ask("DELETE", "/segments/pros")[0] in (200, 204)


def test_paths_can_be_compared_with_saved_segments_and_with_any_value(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    engine, project = own_shop.services.engine, own_shop.project.id
    save_segment(engine, project, PHONE, by="editor@shop.example", now=NOW)
    one = happened("/shop", "fay", day=3, kind="page")
    one.campaign = 'spring, "sale"'
    add_events([one])
    text = (
        page(own_shop, "journeys/buy/paths?days=30").partition('name="against"')[2].partition("</select>")[0]
    )
    offered = re.findall(
        r'<option value="(.*)">(?:On the phone|not in On the phone|campaign: spring)',
        text.replace("<option", "\n<option"),
    )
    assert offered == ["name:phone", "not:phone", 'campaign:"spring, ""sale"""']
    for value in offered:
        query = {"days": 30, "against": value}
        chosen = own_shop.client("viewer").get("/p/shop/journeys/buy/paths", query_string=query)
        assert chosen.status_code == 200
        assert f'<option value="{value}" selected>' in html.unescape(chosen.text)


OF = ("segment=device:mobile", "segment=name:phone", "segment=not:phone", "segment=name:paid", "segment=")
FEBRUARY = "from=2026-02-01"


def owners(ask: Ask, segment: str) -> set[str]:
    """The customers of the segment's own list of runs."""
    rows = ask("GET", f"/journeys/buy/runs?{FEBRUARY}&{segment}")[1]["runs"]
    return {one["customer"] for one in rows}


@pytest.mark.parametrize("segment", OF)
def test_the_life_of_a_segment_is_that_of_the_customers_on_its_list(ask: Ask, segment: str) -> None:
    asked, theirs = f"{FEBRUARY}&by=month&of=buy&{segment}", owners(ask, segment)
    part = ask("GET", f"/lifecycle?{asked}")[1]["parts"][0]
    found = ask("GET", f"/lifecycle/customers?{asked}&cell={part['cells']['active']}")[1]
    assert {one["customer"] for one in found["customers"]} | came_later(ask) & theirs == theirs
    assert part["active"] == found["total"] == len(found["customers"])
    cohorts = ask("GET", f"/lifecycle/cohorts?{asked}")[1]["cohorts"]
    assert sum(one["n"] for one in cohorts) == len(theirs)


def came_later(ask: Ask) -> set[str]:
    """Who did nothing in February."""
    everybody = f"{FEBRUARY}&by=month"
    part = ask("GET", f"/lifecycle?{everybody}")[1]["parts"][0]
    active = ask("GET", f"/lifecycle/customers?{everybody}&cell={part['cells']['active']}")[1]["customers"]
    return owners(ask, "segment=") - {one["customer"] for one in active}


@pytest.mark.parametrize("segment", OF)
def test_paths_of_a_segment_are_those_of_the_customers_on_its_list(ask: Ask, segment: str) -> None:
    asked = f"{FEBRUARY}&start=page:/shop*&gap=1d&of=buy&{segment}"
    answer = ask("GET", f"/explore/paths?{asked}")[1]
    seen = set()
    for one in answer["nodes"]:
        found = ask("GET", f"/explore/visits?{asked}&now={answer['as_of']}&cell={quote(one['cell'])}")[1]
        assert found["total"] == one["n"]
        seen |= {row["customer"] for row in found["rows"]}
    assert seen == owners(ask, segment), "a run begins with that page"


@pytest.mark.parametrize("segment", OF)
def test_attempts_of_a_segment_are_those_of_the_customers_on_its_list(ask: Ask, segment: str) -> None:
    asked = f"{FEBRUARY}&start=page:/shop*&goal=event:Order%20Paid&of=buy&{segment}"
    ways = ask("GET", f"/discovery/ways?{asked}")[1]
    found = ask("GET", f"/discovery/attempts?{asked}&cell=attempts&now={ways['as_of']}")[1]
    assert found["total"] == ways["attempts"]
    assert {one["customer"] for one in found["attempts"]} == owners(ask, segment)
    assert ask("GET", f"/discovery/steps?{asked}")[1]["attempts"] == ways["attempts"]
    assert ask("GET", f"/discovery/journeys?{FEBRUARY}&of=buy&{segment}")[1]["customers"] == len(
        owners(ask, segment)
    )


@pytest.mark.parametrize("path", ["lifecycle", "explore/paths?start=/shop", "discovery/journeys"])
def test_a_segment_of_no_journey_is_refused(ask: Ask, path: str) -> None:
    joint = "&" if "?" in path else "?"
    status, problem = ask("GET", f"/{path}{joint}segment=device:mobile")
    assert (status, problem["message"]) == (
        400,
        "a segment is of the runs of a journey; say of which one, in `of`",
    )
    assert ask("GET", f"/{path}{joint}of=nothing")[0] == 404


PAGES = (
    "lifecycle",
    "explore",
    "explore?start=/shop",
    "discover",
    "discover/between?start=/shop&goal=Order Paid",
)


@pytest.mark.parametrize("path", PAGES)
def test_pages_about_all_events_can_be_limited_to_a_segment(shop: Shop, path: str) -> None:
    joint = "&" if "?" in path else "?"
    plain = page(shop, path)
    assert re.findall(r'<option value="(\w+)"', plain[plain.index('id="bar-of"') :])[:1] == ["buy"]
    assert "Only some customers" not in plain
    text = page(shop, f"{path}{joint}segment=paid")
    assert '<option value="buy" selected>' in text, "a segment is of the runs of some journey"
    assert '<option value="paid" selected>' in text
    assert "Only some customers" in text
    assert MEMBERS["looks_inside"] in text, "the segment asks what happened within the run"
    assert MEMBERS["looks_inside"] not in page(shop, f"{path}{joint}of=buy&segment=phone")
    kept = re.findall(r'class="chip"[^>]* href="([^"]*)"', text)
    assert ["segment=paid" in one for one in kept] == [False, False]
    assert ["of=buy" in one for one in kept] == [False, True]


def test_the_lists_of_these_pages_are_of_the_segment_too(shop: Shop) -> None:
    for path in ("lifecycle?of=buy&segment=phone", "explore?start=/shop&of=buy&segment=phone"):
        links = re.findall(r'href="([^"]*cell=[^"]*)"', page(shop, path))
        assert links
        assert all("of=buy" in link and "segment=phone" in link for link in links)
        for link in links:
            there = html.unescape(shop.client("viewer").get(link).text)
            assert re.search(r'id="list-title"[^>]*>[^<]*: 1</h1>', there), link


COMPARED = [one.name for one in TABS if "against" in one.offers]
ASIDE = [
    *((tab, "against=name:{segment}") for tab in COMPARED),
    ("compare", "segments=name:{segment};not:{segment}"),
    ("breakdown", "breakdown=segment:{segment}"),
    ("funnel", "breakdown=segment:{segment}"),
]


@pytest.mark.parametrize(("tab", "query"), ASIDE)
def test_what_looks_inside_runs_is_said_wherever_it_is_compared(shop: Shop, tab: str, query: str) -> None:
    told = {}
    for segment in ("paid", "phone"):
        text = page(shop, f"journeys/buy/{tab}?{query.format(segment=segment)}")
        told[segment] = WORDS["looks_inside"] in text.partition("How is this computed?")[0]
    assert told == {"paid": True, "phone": False}
