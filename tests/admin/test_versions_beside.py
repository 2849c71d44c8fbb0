"""The page of a definition and the API set the version that answers beside the one before, as numbers."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter
from typing import Any

import pytest

from journeys.definitions import parse
from journeys.funnel import OUTCOMES, without_lists
from journeys.segment_definitions import parse_segment
from store.journeys import save_version
from store.projects import create_api_token
from store.segments import save_segment
from tests.admin.conftest import JOURNEY, NOW, Shop, fill_all
from tests.admin.test_versions import sent

STEPS: list[dict[str, Any]] = JOURNEY["steps"]  # type: ignore[assignment]
SHORTER = {**JOURNEY, "idle_timeout": "6h", "steps": [STEPS[0], STEPS[2]]}
FILLED = parse_segment(
    {"key": "filled", "name": "Filled", "any": [{"did": {"event": "Cart Filled"}, "during": "run"}]}
)
PAGE = "/p/shop/journeys/buy/definition"


def save(shop: Shop, definition: dict[str, Any], *, is_filled: bool = True) -> None:
    save_version(shop.services.engine, shop.project.id, dict(parse(definition).source), by="", now=NOW)
    if is_filled:
        fill_all(shop.services)


def ask(shop: Shop, path: str) -> tuple[int, dict[str, Any]]:
    token = create_api_token(shop.services.engine, shop.project.id, name="test", role="viewer", now=NOW)
    answer = shop.client().get(f"/api/v1/journeys/buy/{path}", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.get_json()


@pytest.mark.parametrize(
    "more", ["", "&segment=device:desktop", "&as_of=2026-03-01T11:00:00Z", "&segment=name:filled"]
)
def test_each_version_says_what_its_funnel_said(own_shop: Shop, more: str) -> None:
    save_segment(own_shop.services.engine, own_shop.project.id, FILLED.source, by="", now=NOW)
    before = ask(own_shop, f"funnel?from=2026-02-01{more}")[1]
    save(own_shop, SHORTER)
    now = ask(own_shop, f"funnel?from=2026-02-01{more}")[1]
    status, found = ask(own_shop, f"versions?from=2026-02-01{more}")
    assert status == 200
    assert (found["this"]["version"], found["other"]["version"]) == (2, 1)
    for side, funnel in (("this", now), ("other", before)):
        for name in ("entered", "outcomes"):
            assert found[side][name] == funnel[name], (side, name)
        assert without_lists(found[side]["success_rate"]) == without_lists(funnel["success_rate"]), side
        assert "cells" in found[side]["success_rate"], side
        assert found[side]["median_seconds"] == funnel["seconds_to_goal"]["median"]
        reached = {one["key"]: one["progressed"] for one in funnel["steps"]}
        assert {one["key"]: one[side]["n"] for one in found["steps"] if one[side]} == reached
    for side in ("this", "other"):
        stood = Counter[str]()
        stood.update(dict.fromkeys(OUTCOMES, 0))
        for one in found["moved"]:
            stood[one[side]] += one["n"]
        del stood[None]
        assert stood == found[side]["outcomes"]
    if more:
        assert before["entered"] != 5, "the question must leave somebody out, or part somebody"
        return
    assert found["other"]["outcomes"] == {"succeeded": 1, "failed": 1, "dropped": 2, "in_time": 1}
    assert found["this"]["outcomes"]["succeeded"] == 0, "Ada took longer than the new limit"
    assert found["difference"]["outcomes"]["succeeded"] == -1
    moved = {(one["other"], one["this"]): one["n"] for one in found["moved"]}
    assert moved["succeeded", "dropped"] == 1


def test_a_version_that_there_is_not_is_refused(own_shop: Shop) -> None:
    for query, why in (("other=1", "the one that answers"), ("other=7", "has no version 7")):
        status, refused = ask(own_shop, f"versions?from=2026-02-01&{query}")
        assert (status, refused["code"]) == (400, "bad_question")
        assert why in refused["message"]


def test_the_page_of_the_definition_asks_for_the_numbers_and_shows_them(own_shop: Shop) -> None:
    save(own_shop, SHORTER)
    browser = own_shop.client("viewer")
    page = browser.get(f"{PAGE}?days=30").text
    address = html.unescape(re.findall(r'id="versions" hx-get="([^"]+)"', page)[0])
    assert "other=1" in address
    part = browser.get(address, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert part.lstrip().startswith('<div class="stack" id="versions">')
    for words in ("Version 2 beside version 1", "Fills the cart", "no such step", "What became of the runs"):
        assert words in part, words
    whole = browser.get(address).text
    assert "<html" in whole
    assert "Version 2 beside version 1" in whole


def test_the_numbers_of_both_versions_open_their_lists(own_shop: Shop) -> None:
    save(own_shop, SHORTER)
    browser = own_shop.client("viewer")
    text = browser.get(f"{PAGE}/beside?days=30&other=1").text
    links = re.findall(r'<a href="(/p/shop/journeys/buy/runs\?[^"]+)"[^>]*>(\d+)</a>', text)
    assert len(links) > 10
    assert sum("by:1:1:" in html.unescape(link) for link, _ in links) > 5, "those of the version before, too"
    for link, n in links:
        listed = browser.get(html.unescape(link)).text
        assert re.search(rf'id="runs-title">[^<]*: {n} ', listed), link


def test_the_file_says_the_same(own_shop: Shop) -> None:
    save(own_shop, SHORTER)
    text = own_shop.client("viewer").get("/p/shop/journeys/buy/versions.csv?days=30&other=1").text
    rows = {(row["what"], row["step"]): row for row in csv.DictReader(io.StringIO(text))}
    assert (rows["version", ""]["this"], rows["version", ""]["other"]) == ("2", "1")
    assert (rows["step", "cart"]["this"], rows["step", "cart"]["other"]) == ("", "3")
    assert rows["succeeded > dropped", ""]["this"] == "1"


def test_a_journey_of_one_version_says_so(shop: Shop) -> None:
    text = shop.client("viewer").get(PAGE).text
    assert "There is one version so far." in text
    assert 'id="versions"' not in text
    assert "There is no version before this one." in shop.client("viewer").get(f"{PAGE}/beside").text


def test_a_version_that_is_still_counted_can_be_looked_at_beside_the_one_that_answers(own_shop: Shop) -> None:
    save(own_shop, SHORTER, is_filled=False)
    browser = own_shop.client("viewer")
    page = browser.get(f"{PAGE}?days=30").text
    address = html.unescape(re.findall(r'id="versions" hx-get="([^"]+)"', page)[0])
    assert "Version 1 beside version 2" in browser.get(address).text


def test_the_editor_shows_both_before_anything_is_saved(own_shop: Shop) -> None:
    before = ask(own_shop, "funnel?from=2026-02-01")[1]
    text = sent(own_shop, SHORTER, "preview")
    table = text[text.index("The numbers of version 1") :]
    rows = dict(re.findall(r'<th scope="row">([^<]+)</th><td class="number">([^<]*)</td>', table))
    assert rows["Succeeded"] == str(before["outcomes"]["succeeded"]) == "1"
    assert rows["Fills the cart"] == str(before["steps"][1]["progressed"])
    save(own_shop, SHORTER)
    now = ask(own_shop, "funnel?from=2026-02-01")[1]
    edited = re.findall(
        r'<th scope="row">([^<]+)</th><td class="number">[^<]*</td><td class="number">([^<]*)<', table
    )
    assert dict(edited)["Succeeded"] == str(now["outcomes"]["succeeded"]) == "0"
    assert dict(edited)["Fills the cart"] == "–"
    assert "The numbers of version" not in sent(own_shop, {**SHORTER, "name": "Another"}, "preview")
