"""The editor: forms become definitions and back, problems stand at their fields, saving makes a version."""

from __future__ import annotations

import copy
import json
import re
from html import unescape

import pytest

from admin import draft, draft_edits, suggestions
from journeys.catalog import volume
from journeys.definitions import parse, parse_yaml, to_yaml
from store.journeys import versions_of
from tests.admin.conftest import JOURNEY, Shop, fill_all, happened


def form_of(one: dict, prefix: str = "") -> dict[str, str]:
    """The fields that a browser would send for a draft."""
    fields: dict[str, str] = {}
    for name, value in one.items():
        place = f"{prefix}{name}"
        if isinstance(value, list):
            for number, item in enumerate(value):
                fields |= form_of(item, f"{place}.{number}.")
        elif isinstance(value, bool):
            fields |= {place: "on"} if value else {}
        else:
            fields[place] = str(value)
    return fields


RICH = {
    "key": "rich",
    "name": "Rich",
    "steps": [
        {
            "key": "a",
            "name": "A",
            "match": [
                {"page": "/a*"},
                {"type": "identify", "where": [{"trait": "plan", "op": "in", "value": ["x", 2, True]}]},
            ],
        },
        {
            "key": "b",
            "name": "B",
            "optional": True,
            "match": [{"event": "B", "where": [{"property": "n", "op": "gte", "value": 2.5}]}],
        },
        {
            "key": "c",
            "name": "C",
            "within": "2d",
            "match": [
                {
                    "event": "C",
                    "where": [
                        {"field": "device", "op": "is_set"},
                        {"property": "code", "op": "eq", "value": "007"},
                        {"property": "yes", "op": "eq", "value": "true"},
                        {"property": "zip", "op": "starts_with", "value": "07"},
                        {"property": "tag", "op": "in", "value": ["a, b", "7", 7, 'say "so"', ""]},
                    ],
                }
            ],
        },
    ],
    "fail_on": [{"event": "Gone"}],
    "population": [{"field": "country", "op": "ne", "value": "GB"}],
    "window": "30d",
    "case_key": "order_id",
    "idle_timeout": "12h",
    "owner": "me@example.com",
}


STRICT = {**RICH, "order": "strict"}


@pytest.mark.parametrize("definition", [JOURNEY, RICH, STRICT])
def test_a_definition_survives_the_way_through_the_form(definition: dict) -> None:
    source = parse(definition).source
    form = form_of(draft.from_definition(source))
    assert parse(draft.to_definition(draft.from_form(form))).source == source


def test_a_form_may_hold_anything() -> None:
    for form in (
        {"steps": "x"},
        {"steps.0": "x", "steps.0.name": "y"},
        {"steps.a.name": "x"},
        {"steps.9999.match.0.where.0.op": "?"},
        {"": ""},
        {"...": "."},
    ):
        assert isinstance(draft.from_form(form)["steps"], list)


@pytest.mark.parametrize(
    ("move", "names", "focus"),
    [
        ("steps.0:down", ["Fills the cart", "Looks", "Pays"], "steps.1"),
        ("steps.2:up", ["Looks", "Pays", "Fills the cart"], "steps.1"),
        ("steps.0:up", ["Looks", "Fills the cart", "Pays"], "steps.0"),
        ("steps.0:to-2", ["Fills the cart", "Pays", "Looks"], "steps.2"),
        ("steps.2:to-0", ["Pays", "Looks", "Fills the cart"], "steps.0"),
        ("steps.1:to-3", ["Looks", "Fills the cart", "Pays"], "steps.1"),
        ("steps.1:to-1", ["Looks", "Fills the cart", "Pays"], "steps.1"),
        ("steps:add", ["Looks", "Fills the cart", "", "Pays"], "steps.2"),
        ("steps.1:remove", ["Looks", "Pays"], "steps.0"),
        ("steps.77:remove", ["Looks", "Fills the cart", "Pays"], ""),
        ("nonsense", ["Looks", "Fills the cart", "Pays"], ""),
        ("key:add", ["Looks", "Fills the cart", "Pays"], ""),
        ("steps.0.match.0.where:add", ["Looks", "Fills the cart", "Pays"], "steps.0.match.0.where.0"),
    ],
)
def test_moves(move: str, names: list[str], focus: str) -> None:
    one = draft.from_definition(parse(JOURNEY).source)
    assert draft_edits.apply(one, move) == focus
    assert [step["name"] for step in one["steps"]] == names


@pytest.mark.parametrize(
    ("move", "said"),
    [
        ("steps.0:down", "Looks is now step 2 of 3."),
        ("steps.2:to-0", "Pays is now step 1 of 3."),
        ("steps.0.match:add", ""),
        ("steps.1:remove", ""),
    ],
)
def test_a_step_that_was_moved_is_told_to_who_cannot_see_it(shop: Shop, move: str, said: str) -> None:
    form = form_of(draft.from_definition(JOURNEY)) | {"do": move}
    answer = shop.client("editor").post("/p/shop/editor/buy", data=form, headers={"HX-Request": "true"})
    assert f'<p id="editor-said" hx-swap-oob="innerHTML">{said}</p>' in answer.text


def test_a_new_journey_is_saved_filled_and_shown(own_shop: Shop) -> None:
    one = copy.deepcopy(JOURNEY) | {"key": "", "name": "Second try"}
    form = form_of(draft.from_definition(one)) | {"do": "save"}
    answer = own_shop.client("editor").post("/p/shop/editor", data=form)
    assert answer.location == "/p/shop/journeys/second-try/funnel"
    assert own_shop.refilled
    waiting = own_shop.client("viewer").get(answer.location).text
    assert "is being counted" in waiting
    fill_all(own_shop.services)
    done = own_shop.client("viewer").get("/p/shop/journeys/second-try/filling")
    assert done.headers["HX-Refresh"] == "true"
    version = versions_of(own_shop.services.engine, own_shop.project.id, "second-try")[0]
    assert (version.status, version.created_by) == ("live", "editor@shop.example")


def test_a_change_is_a_new_version(own_shop: Shop) -> None:
    form = form_of(draft.from_definition(JOURNEY)) | {"do": "save", "goal": "Another goal"}
    answer = own_shop.client("editor").post("/p/shop/editor/buy", data=form, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/p/shop/journeys/buy/funnel"
    assert [one.version for one in versions_of(own_shop.services.engine, own_shop.project.id, "buy")] == [
        2,
        1,
    ]


def goals(shop: Shop, key: str = "buy") -> list[str]:
    """What the versions of a journey say of its goal, the newest first."""
    return [one.definition["goal"] for one in versions_of(shop.services.engine, shop.project.id, key)]


def seen_in(text: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', text)
    assert found
    return found[1]


@pytest.mark.parametrize("script", [{}, {"HX-Request": "true"}])
def test_a_journey_that_was_changed_since_it_was_opened_is_not_replaced_unseen(
    own_shop: Shop, script: dict[str, str]
) -> None:
    browser, address = own_shop.client("editor"), "/p/shop/editor/buy"
    opened = form_of(draft.from_definition(JOURNEY)) | {"seen": seen_in(browser.get(address).text)}
    theirs, mine = (opened | {"do": "save", "goal": one} for one in ("Theirs", "Mine"))
    moved = browser.post(address, data=mine | {"do": "steps:add"}, headers=script)
    assert seen_in(moved.text) == opened["seen"], "the form that was opened goes on"
    for _ in range(2):
        assert browser.post(address, data=theirs, headers=script).status_code < 400, "twice is harmless"
    refused = browser.post(address, data=mine, headers=script)
    assert (refused.status_code, goals(own_shop)) == (409, ["Theirs", JOURNEY["goal"]])
    assert "has changed this since you opened it" in refused.text
    assert 'value="Mine"' in refused.text, "what was written stays in the form"
    again = browser.post(address, data=mine | {"seen": seen_in(refused.text)}, headers=script)
    assert again.status_code < 400
    assert goals(own_shop) == ["Mine", "Theirs", JOURNEY["goal"]]


def test_a_pasted_definition_replaces_only_the_version_that_was_seen(own_shop: Shop) -> None:
    browser, address = own_shop.client("editor"), "/p/shop/editor/buy"
    pasted = {"do": "import", "yaml": to_yaml(parse(JOURNEY | {"goal": "Pasted"}))}
    form = {"seen": seen_in(browser.get(address).text)}
    text = browser.post(address, data=form | pasted).text
    assert 'value="Pasted"' in text
    save = form_of(draft.from_definition(JOURNEY | {"goal": "Pasted"})) | {"do": "save"}
    assert browser.post(address, data=save | {"seen": seen_in(text)}).status_code == 302
    form = {"seen": seen_in(browser.get(address).text)}
    restored = browser.post("/p/shop/journeys/buy/restore", data={"version": "1"})
    assert (restored.status_code, goals(own_shop)[0]) == (302, JOURNEY["goal"])
    assert browser.post(address, data=save | {"goal": "Pasted anew"} | form).status_code == 409


def test_a_journey_that_was_deleted_meanwhile_comes_back_only_when_that_is_known(own_shop: Shop) -> None:
    browser, address = own_shop.client("editor"), "/p/shop/editor/buy"
    opened = {"do": "save", "seen": seen_in(browser.get(address).text)}
    form = form_of(draft.from_definition(JOURNEY | {"goal": "Another"})) | opened
    browser.post("/p/shop/journeys/buy/delete")
    refused = browser.post(address, data=form)
    assert (refused.status_code, goals(own_shop)) == (409, [JOURNEY["goal"]])
    assert browser.post(address, data=form | {"seen": seen_in(refused.text)}).status_code == 302
    assert goals(own_shop)[0] == "Another"


def test_a_new_journey_that_is_sent_twice_is_one(own_shop: Shop) -> None:
    form = form_of(draft.from_definition(JOURNEY | {"key": "", "name": "Second try"})) | {"do": "save"}
    for _ in range(2):
        answer = own_shop.client("editor").post("/p/shop/editor", data=form)
        assert answer.location == "/p/shop/journeys/second-try/funnel"
    assert goals(own_shop, "second-try") == [JOURNEY["goal"]]


def test_keys_that_are_made_of_names_are_each_ones_own(own_shop: Shop) -> None:
    browser = own_shop.client("editor")

    def save(name: str, **more: str) -> str:
        one = form_of(draft.from_definition(JOURNEY | {"key": "", "name": name})) | {"do": "save"} | more
        return str(browser.post("/p/shop/editor", data=one).location).removeprefix("/p/shop/journeys/")

    assert [save("旅"), save("旅"), save("道")] == ["journey/funnel", "journey/funnel", "journey-2/funnel"]
    beside = browser.post("/p/shop/editor", data={"do": "preview", "name": "Путь"}).text
    assert "key: journey-3" in beside, "as it would be saved"
    browser.post("/p/shop/journeys/journey-2/delete")
    assert save("Путь") == "journey-3/funnel", "the versions of another journey are not gone on with"
    assert save("Zürich, Über-Äpfel!") == "zurich-uber-apfel/funnel"
    assert save("Дорога", key="journey") == "None", "a key that was typed and is taken is refused"


def test_steps_get_keys_of_their_own() -> None:
    names = [
        ("Kürzt", ""),
        ("道", ""),
        ("kurzt", ""),
        ("Kurzt!", ""),
        ("Any", "kurzt-2"),
        ("", ""),
        ("旅", ""),
    ]
    one = draft.empty() | {
        "steps": [draft.new_item("steps") | {"name": name, "key": key} for name, key in names]
    }
    keys = [step["key"] for step in draft.to_definition(one)["steps"]]
    assert keys == ["kurzt", "step-2", "kurzt-3", "kurzt-4", "kurzt-2", "step-6", "step-7"]


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"name": ""}, "name", "give it a name"),
        ({"idle_timeout": "999999999999d"}, "idle_timeout", "this is too long: write at most 999999d"),
        ({"steps.1.within": "soon"}, "steps-1-within", "write a duration as"),
        ({"steps.1.match.0.value": ""}, "steps-1-match-0-value", "choose a touchpoint"),
        ({"steps.0.optional": "on"}, "steps", "cannot be optional"),
        ({"key": "buy", "goal": "Another"}, "key", "already"),
        ({"idle_timeout": "x"}, "idle_timeout", "write a duration as"),
    ],
)
def test_problems_stand_at_their_field(shop: Shop, change: dict, place: str, words: str) -> None:
    form = form_of(draft.from_definition(copy.deepcopy(JOURNEY) | {"key": "new"})) | {"do": "save"} | change
    answer = shop.client("editor").post("/p/shop/editor", data=form)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text
    assert words in answer.text
    assert "Fills the cart" in answer.text, "what was typed stays"


def lines_in(text: str) -> list[str]:
    """What stands in the way of saving, as the top of the form says it."""
    alert = re.search(r'role="alert">.*?</div>', text, re.DOTALL)
    return re.findall(r"<li[^>]*>(.*?)</li>", unescape(alert[0])) if alert else []


def test_an_empty_form_says_in_plain_words_what_it_lacks(shop: Shop) -> None:
    empty = form_of(draft.empty()) | {"do": "save"}
    text = shop.client("editor").post("/p/shop/editor", data=empty).text
    assert sorted(lines_in(text)) == [
        "Name of the journey: give it a name",
        "Step 1, name: give it a name",
        "Step 1: choose a touchpoint",
        "Step 2, name: give it a name",
        "Step 2: choose a touchpoint",
    ]
    for place in ("name", "steps.0.name", "steps.1.match.0.event"):
        assert f'id="problem-{place}"' in text
    assert "Length" not in text


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"name": "x" * 201}, "Name of the journey: write at most 200 characters"),
        ({"owner": "x" * 255}, "Owner: write at most 254 characters"),
        ({"steps.1.name": "x" * 201}, "Step 2, name: write at most 200 characters"),
        ({"steps.1.stage": "x" * 101}, "Step 2, stage: write at most 100 characters"),
        ({"steps.1.match.0.value": "x" * 501}, "Step 2, event: write at most 500 characters"),
        ({"window": "999999999999d"}, "Time from start to goal: this is too long: write at most 999999d"),
        ({"steps.1.within": "1000000w"}, "Step 2, time limit: this is too long: write at most 999999w"),
        ({"steps.2.within": "0d"}, "Step 3, time limit: write a duration as 90s, 30m, 12h, 14d or 6w"),
        ({"fail_on.0.value": ""}, "Failed when any of these happens: choose a touchpoint"),
        ({"population.0.op": "eq", "population.0.name": "a"}, "Who counts: a condition has no value yet"),
        ({"steps.0.optional": "on"}, "the first step and the goal cannot be optional"),
    ],
)
def test_what_stands_in_the_way_names_its_field(shop: Shop, change: dict[str, str], line: str) -> None:
    form = form_of(draft.from_definition(JOURNEY | {"key": "new"})) | {"do": "save"} | change
    assert lines_in(shop.client("editor").post("/p/shop/editor", data=form).text) == [line]


def test_a_journey_without_touchpoints_leads_to_discover(shop: Shop) -> None:
    browser, link = shop.client("editor"), 'href="/p/shop/discover">Find steps in Discover</a>'
    assert link in browser.get("/p/shop/editor").text
    assert link not in browser.get("/p/shop/editor/buy").text
    told = browser.post("/p/shop/editor", data={"do": "check", "steps.1.match.0.value": "Order Paid"}).text
    assert link not in told


def test_the_key_of_a_saved_journey_stays(shop: Shop) -> None:
    form = form_of(draft.from_definition(JOURNEY)) | {"do": "save", "key": "else"}
    answer = shop.client("editor").post("/p/shop/editor/buy", data=form)
    assert answer.status_code == 422
    assert "stays as it is" in answer.text


def test_preview_shows_the_funnel_and_why_a_step_is_empty(shop: Shop) -> None:
    form = form_of(draft.from_definition(JOURNEY)) | {"do": "preview", "steps.2.match.0.value": "Never Seen"}
    answer = shop.client("editor").post("/p/shop/editor/buy", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.text
    assert "of 5 runs succeed" in answer.text
    assert "No touchpoint of this name was seen" in answer.text
    assert len(versions_of(shop.services.engine, shop.project.id, "buy")) == 1, "nothing is saved"


def test_the_preview_of_a_draft_needs_no_names_and_says_calmly_what_is_open(shop: Shop) -> None:
    nameless = {"steps.0.match.0.value": "Cart Filled", "steps.1.match.0.value": "Order Paid"}
    asked = {"do": "preview", "steps.0.name": "", "steps.1.name": ""}
    client = shop.client("editor")
    found = client.post("/p/shop/editor", data=asked | nameless)
    assert "of 3 runs succeed" in found.text
    assert "What saving changes" not in found.text
    conditions = {"steps.1.match.0.where.0.op": "eq", "steps.1.match.0.where.1.op": "gt"}
    half = {"steps.0.match.0.value": "", "steps.1.match.0.where.1.name": "amount"}
    found = client.post("/p/shop/editor", data=asked | nameless | conditions | half)
    assert found.status_code == 200
    for line in (
        "Step 1: choose a touchpoint",
        "Step 2: a condition is about nothing yet",
        "Step 2: a condition has no value yet",
    ):
        assert f'<li class="break">{line}</li>' in found.text
    assert 'role="alert"' not in found.text


@pytest.mark.parametrize("definition", [JOURNEY, RICH, STRICT])
def test_the_yaml_beside_the_form_is_what_would_be_saved(shop: Shop, definition: dict) -> None:
    form = form_of(draft.from_definition(parse(definition).source)) | {"do": "preview"}
    shown = shop.client("editor").post("/p/shop/editor", data=form).text
    yaml = unescape(re.search(r'<pre id="draft-yaml"[^>]*>(.*?)</pre>', shown, re.DOTALL)[1])  # type: ignore[index]
    assert parse_yaml(yaml).source == parse(definition).source


def test_the_yaml_of_half_a_form_is_what_it_says_so_far(shop: Shop) -> None:
    form = {"do": "preview", "name": "Half", "steps.0.match.0.value": "Cart Filled", "idle_timeout": "soon"}
    shown = unescape(shop.client("editor").post("/p/shop/editor", data=form).text)
    for line in ("key: half", "name: Half", "- event: Cart Filled", "idle_timeout: soon"):
        assert line in shown
    nameless = shop.client("editor").post("/p/shop/editor", data={"do": "preview"}).text
    assert "key:" not in nameless


def test_yaml_fills_the_form_or_says_the_line(shop: Shop) -> None:
    client = shop.client("editor")
    steps = "".join(f"- {{key: {one}, name: {one}, match: [{{event: {one}}}]}}\n" for one in "ab")
    good = f"key: x\nname: From a file\nsteps:\n{steps}"
    assert 'value="From a file"' in client.post("/p/shop/editor", data={"do": "import", "yaml": good}).text
    bad = client.post("/p/shop/editor", data={"do": "import", "yaml": "key: [\n"})
    assert bad.status_code == 422
    assert "is not YAML" in bad.text


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("event?q=cart", 'data-value="Cart Filled"'),
        ("page?q=shoe", 'data-value="/shop/shoes"'),
        ("property?event=Order+Paid", 'data-value="amount"'),
        ("value?event=Order+Paid&name=amount", 'data-value="49"'),
        ("field?q=dev", 'data-value="device"'),
    ],
)
def test_suggestions_are_what_was_seen(shop: Shop, what: str, found: str) -> None:
    assert found in shop.client("editor").get(f"/p/shop/editor/suggest/{what}").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("value?kind=event&event=Order+Paid&name=amount", [("49", "in 100%")]),
        ("property?kind=page&event=/shop*", [("view", "in 14%"), ("zip", "in 14%")]),
        ("property?kind=type&event=page", [("view", "in 14%"), ("zip", "in 14%")]),
        ("property?q=am", [("amount", "in 7.1%")]),
        ("property_value?name=zip&op=eq", [("&#34;123&#34;", "in 7.1%")]),
        ("property_value?name=zip&op=contains", [("123", "in 7.1%")]),
        ("property_value?name=zip&op=in&q=x,+12", [("x, &#34;123&#34;", "in 7.1%")]),
        ("trait?kind=event&event=Order+Paid", [("plan", "in 100%")]),
        ("trait_value?name=plan&q=g", [("gold", "in 100%")]),
        ("trait?kind=type&event=group", [("seats", "in 100%")]),
        ("trait_value?kind=type&event=group&name=seats", [("7", "in 100%")]),
        ("field?q=dev", [("device", "in 100%")]),
        ("field_value?name=path&q=hats", [("/shop/hats", "1 time in 90 days, 1 customer")]),
        ("field_value?name=device&q=mob", [("mobile", "1 time in 90 days, 1 customer")]),
        ("type?q=group", [("group", "1 time in 90 days")]),
        ("nonsense", []),
    ],
)
def test_every_field_suggests_what_fits_it_with_how_often(
    own_shop: Shop, query: str, found: list[tuple[str, str]]
) -> None:
    number = own_shop.project.id
    rows = [
        happened(
            "/shop", "fay", day=1, kind="page", project=number, properties={"view": "grid", "zip": "123"}
        ),
        happened("", "fay", day=1, kind="identify", project=number, traits={"plan": "gold"}),
        happened("", "fay", day=1, kind="group", project=number, traits={"seats": 7}),
    ]
    own_shop.services.events.insert(rows, token="hints")
    text = own_shop.client("editor").get(f"/p/shop/editor/suggest/{query}").text
    shown = re.findall(r'data-value="([^"]*)".*?class="seen">([^<]*)<', text, re.DOTALL)
    assert shown == found


def test_of_many_events_fewer_days_are_counted_and_that_is_said(
    own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the first of March: of the month that holds more than is left, a part of its days."""
    march, february = (volume(own_shop.services.events, own_shop.project.id, one) for one in (202603, 202602))

    def days_said() -> set[str]:
        text = own_shop.client("viewer").get("/p/shop/discover/suggest?q=").text
        return set(re.findall(r"in (\d+) days?", text))

    assert march > 0
    assert february > 9
    assert days_said() == {"90"}
    monkeypatch.setattr(suggestions, "MOST_COUNTED", march + february // 2)
    assert days_said() == {str(1 + 28 * (february // 2) // february)}
    monkeypatch.setattr(suggestions, "MOST_COUNTED", march - 1)
    assert days_said() <= {"1"}


def test_names_are_suggested_with_examples_of_their_values(shop: Shop) -> None:
    text = shop.client("editor").get("/p/shop/editor/suggest/property?event=Order+Paid").text
    assert '<span class="under">such as 49</span>' in text


def test_conditions_ask_for_what_the_form_says_at_the_moment(shop: Shop) -> None:
    form = form_of(draft.from_definition(parse(RICH).source))
    asks = asks_of(shop, form)
    matcher, condition = "steps.1.match.0", "steps.1.match.0.where.0"
    events = {"kind": f"{matcher}.kind", "event": f"{matcher}.value"}
    assert asks[f"{condition}.name"] == ("property", events)
    more = {"name": f"{condition}.name", "op": f"{condition}.op"}
    assert asks[f"{condition}.value"] == ("property_value", events | more)
    assert asks["steps.0.match.1.where.0.name"][0] == "trait"
    assert asks["steps.0.match.1.where.0.value"][0] == "trait_value"
    assert asks["population.0.name"] == ("field", {}), "any of several touchpoints may begin a run"
    one = {name: value for name, value in form.items() if not name.startswith("steps.0.match.1")}
    first = {"kind": "steps.0.match.0.kind", "event": "steps.0.match.0.value"}
    assert asks_of(shop, one)["population.0.name"] == ("field", first)


def asks_of(shop: Shop, form: dict[str, str]) -> dict[str, tuple[str, dict[str, str]]]:
    """What each field of the form asks suggestions of, and with which other fields."""
    text = unescape(shop.client("editor").post("/p/shop/editor", data=form).text)
    found = re.findall(r'name="([\w.]+)"[^>]*data-suggest="[^"]*/(\w+)"(?: data-asks=\'([^\']+)\')?', text)
    return {name: (what, json.loads(asks or "{}")) for name, what, asks in found}


def test_counts_stand_beside_suggested_events(shop: Shop) -> None:
    text = shop.client("editor").get("/p/shop/editor/suggest/event?q=cart+filled").text
    assert "3 times in 90 days, 3 customers" in text
