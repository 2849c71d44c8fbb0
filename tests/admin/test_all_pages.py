"""What holds of every page: names stay text, which scripts it loads, how it says and explains its words."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from admin.assets import manifest
from admin.catalogue import catalogue
from admin.formats import EXPLAINED
from journeys.reports import REPORTS
from store.event import Event
from store.events import EventStore
from tests import hostile
from tests.admin.conftest import NOW, Shop, a_shop, happened
from tests.admin.every_route import pages
from tests.admin.hostile_pages import PLAIN, hostile_pages
from tests.admin.pseudo import LANGUAGE, Pseudo, forgotten, is_data
from tests.hostile import FORMULA_BEGINS, wrong_in

Pages = dict[str, tuple[str, str]]  # what stands at each address, with its endpoint


class Answer(NamedTuple):
    """What is answered at an address."""

    endpoint: str
    status: int
    mimetype: str
    text: str


@pytest.fixture(scope="module")
def planted(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Shop, hostile.Planted]]:
    """A shop with something to see on each page, named by strangers; one of its languages nobody speaks."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("pages")) as shop:
        shop.app.extensions["waywiser_languages"][LANGUAGE] = Pseudo(catalogue())
        yield shop, hostile.plant(shop.services, shop.project, now=NOW)


@pytest.fixture(scope="module")
def answered(planted: tuple[Shop, hostile.Planted]) -> dict[str, Answer]:
    """Every page and file."""
    shop, names = planted
    client, found = shop.client("admin", agent=hostile.IMAGE), {}
    for endpoint, path in [*hostile_pages(shop, names)]:
        answer = client.get(path)
        found[path] = Answer(endpoint, answer.status_code, answer.mimetype, answer.text)
    return found


@pytest.fixture(scope="module")
def everything(answered: dict[str, Answer]) -> Pages:
    """What is to be read there."""
    return {path: (one.endpoint, one.text) for path, one in answered.items()}


def test_names_are_shown_as_text_on_every_page(
    planted: tuple[Shop, hostile.Planted], answered: dict[str, Answer]
) -> None:
    wrong, shown = [], set(PLAIN)
    for path, (endpoint, status, mimetype, text) in answered.items():
        if endpoint not in PLAIN and status != 200:
            wrong.append(f"{path}: {status}")
        if mimetype == "text/html":
            wrong += [f"{path}: {one}" for one in (*wrong_in(text), *inline_in(text))]
        elif mimetype == "text/csv":
            wrong += [f"{path}: {one!r}" for one in formulas(text)]
        if "hostile" in text:
            shown.add(endpoint)
    assert wrong == [], "\n".join(wrong)
    every = {rule.endpoint for rule, method in pages(planted[0].app) if method == "GET"}
    assert every - shown == set(), "the names were on these pages"


class Inline(HTMLParser):
    """Script and style that stand in the page itself, which its policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]


def inline_in(text: str) -> list[str]:
    parser = Inline()
    parser.feed(text)
    parser.close()
    return parser.found


def formulas(text: str) -> list[str]:
    """The cells of a file that a spreadsheet would work out."""
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    return [cell for cell in cells if cell.startswith(FORMULA_BEGINS) and not is_number(cell)]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_every_page_says_all_its_words_by_the_catalogue(planted: tuple[Shop, hostile.Planted]) -> None:
    shop, names = planted
    client, wrong = shop.client("admin"), defaultdict(set)
    for endpoint, path in hostile_pages(shop, names):
        if endpoint.endswith("csv"):
            continue
        answer = client.get(path, headers={"Accept-Language": LANGUAGE})
        if answer.mimetype == "text/html" and answer.status_code < 300:
            for text in forgotten(answer.text):
                if not is_data(text):
                    wrong[text].add(path)
    assert not wrong, "\n".join(f"{text!r} on {min(paths)}" for text, paths in sorted(wrong.items()))


def test_pages_load_the_script_of_pictures_where_there_is_one(everything: Pages) -> None:
    whole = {path: found for path, found in everything.items() if "</html>" in found[1]}
    drawn = {endpoint for endpoint, text in whole.values() if 'data-chart="' in text}
    script = f'<script src="/static/{manifest()["charts.js"]}" defer>'
    assert [path for path, (_, text) in whole.items() if ('data-chart="' in text) != (script in text)] == []
    tabs = {"journey.funnel", "journey.timing", "journey.paths"}
    others = {"customers.one", "embedded.show", "explore.show", "ingestion.health", "ingestion.robots"}
    assert drawn == {*tabs, *others, "lifecycle.show"}


# They stand in every row of a list, and the column or the head of the page explains them.
IN_ROWS = {EXPLAINED[name] for name in ("bounced", "engaged", "scroll")}


def test_meanings_are_said_by_buttons_that_all_can_reach(everything: Pages) -> None:
    meanings = {*EXPLAINED.values(), *(text for one in REPORTS for text in one.meanings.values())} - IN_ROWS
    explained, hidden = set(), []
    for path, (endpoint, text) in everything.items():
        for tag, title in re.findall(r'<(\w+)[^>]*? title="([^"]*)"', text):
            if html.unescape(title) in meanings:
                explained.add(endpoint)
                hidden += [(endpoint, path, tag, title)] if tag != "button" else []
    assert hidden == []
    tabs = {f"journey.{one.name}" for one in REPORTS if not one.within}
    assert explained >= {*tabs, "journeys.show", "lifecycle.show", "sessions.show"}


@pytest.mark.parametrize(
    "word",
    ["Reached", "Of all", "Of the step", "Took it", "Dropped", "Failed", "In time", "From the step before"],
)
def test_every_head_of_the_funnel_explains_itself(everything: Pages, word: str) -> None:
    text = next(text for endpoint, text in everything.values() if endpoint == "journey.funnel")
    assert re.search(
        rf'<th scope="col"[^>]*><button type="button" class="meaning" title="[^"]+">{word}<', text
    )


def test_outcomes_and_numbers_of_the_overview_explain_themselves(everything: Pages) -> None:
    text = next(text for endpoint, text in everything.values() if endpoint == "journeys.show")
    for word, name in (("succeed", "success_rate"), ("Dropped", "dropped"), ("Succeeded", "succeeded")):
        assert f'class="meaning" title="{html.escape(EXPLAINED[name])}">{word}</button>' in text, word


def test_pictures_of_few_say_so_and_what_stands_there_until_they_are_drawn(everything: Pages) -> None:
    kinds, marks_of_their_own = set(), {"trend", "survival", "columns", "identities"}
    for path, (_, text) in everything.items():
        for kind, inside, after in re.findall(
            r'data-chart="(\w+)"[^>]*>(.*?)</div>(.{0,600})', text, re.DOTALL
        ):
            assert "The picture is not drawn yet" in inside, path
            assert ("Fewer than 30" in after) == (kind not in marks_of_their_own), (path, kind)
            kinds.add(kind)
    assert kinds == {"funnel", "sankey", "histogram", *marks_of_their_own}


SMALL_PICTURES = re.compile(r"<div class=\"small-picture\".*?</details>", re.DOTALL)
DRAWN = re.compile(r'<svg[^>]* role="img"[^>]*>')


def test_every_picture_stands_with_its_table_and_its_file(everything: Pages) -> None:
    bare, cards, small = [], 0, set()
    for path, (endpoint, text) in everything.items():
        for card in re.findall(r'<section class="card".*?</section>', text, re.DOTALL):
            if 'data-chart="' in card:
                cards += 1
                wanted = ("<table", ".csv", 'class="card-header"')  # the script puts PNG beside the CSV there
                bare += [(path, one) for one in wanted if one not in card]
        for picture in SMALL_PICTURES.findall(text):
            small.add(endpoint)
            wanted = ("<table", ".csv", 'class="card-tools"')
            bare += [(path, one) for one in wanted if one not in picture]
        alone = DRAWN.findall(SMALL_PICTURES.sub("", text))
        bare += [(path, one) for one in alone if 'class="split-bar"' not in one]  # its legend is its table
        if endpoint == "embedded.show" and 'data-chart="' in text and "<table" not in text:
            bare.append((path, "<table"))
    assert bare == []
    assert cards > 10
    assert small == {"journeys.see", "journeys.pulse"}


LONG_AGO = "from=2020-01-01&through=2020-01-05"
# Every page with pictures, in days of which there is nothing; a customer's page has no days.
EMPTY = {
    "journey.funnel": "journeys/buy/funnel?",
    "journey.timing": "journeys/buy/timing?",
    "journey.paths": "journeys/buy/paths?",
    "explore.show": "explore?start=/shop&",
    "lifecycle.show": "lifecycle?",
    "ingestion.health": "live/health?",
    "ingestion.robots": "live/robots?",
}


@pytest.mark.parametrize("page", EMPTY)
def test_no_picture_is_of_nothing(everything: Pages, own_shop: Shop, page: str) -> None:
    drawn = {endpoint for endpoint, text in everything.values() if 'data-chart="' in text}
    assert drawn == {*EMPTY, "customers.one", "embedded.show"}
    text = own_shop.client("viewer").get(f"/p/shop/{EMPTY[page]}{LONG_AGO}").text
    assert 'data-chart="' not in text
    assert 'class="empty-state' in text


def test_headlines_of_few_say_so(everything: Pages) -> None:
    for page, head in (
        ("journey.funnel", "<dt><button[^>]*>Success rate"),
        ("journeys.show", 'class="headline"'),
    ):
        text = next(text for endpoint, text in everything.values() if endpoint == page)
        found = re.search(rf"{head}.{{0,900}}", text, re.DOTALL)
        assert found
        assert ">small sample</button>" in found[0], page


@pytest.mark.parametrize(
    ("page", "part"),
    [
        ("explore.show", "<tbody>.*?</tbody>"),
        ("discovery.between", "<tbody>.*?</tbody>"),
        ("discovery.between", '<dl class="facts.*?</dl>'),
        ("sessions.show", '<dl class="facts.*?</dl>'),
    ],
)
def test_rates_of_few_say_so_where_no_journey_is_asked(everything: Pages, page: str, part: str) -> None:
    found = [re.search(part, text, re.DOTALL) for endpoint, text in everything.values() if endpoint == page]
    assert any(one and ">small sample</button>" in one[0] for one in found)


def test_cohorts_say_their_interval_and_which_are_small(everything: Pages) -> None:
    for page in ("journey.retention", "lifecycle.show"):
        text = next(t for endpoint, t in everything.values() if endpoint == page and "is-cohorts" in t)
        cells = re.findall(r'<td class="number is-heat[^>]*>(.*?)</td>', text)
        assert cells
        for cell in cells:
            assert re.search(r" · \d+–\d+%", cell), cell
            assert ", small sample" in cell, cell


def test_segments_without_a_run_say_so(own_shop: Shop) -> None:
    path = "/p/shop/journeys/buy/compare?from=2020-01-01&through=2020-01-05"
    assert "No run of these segments began in this period" in own_shop.client("viewer").get(path).text


# Pages with numbers, and of these the ones that have a period.
COUNTS = ("journeys.show", "segments.show", "catalog.show", "catalog.one")
OF_A_PERIOD = ("sessions.show", "lifecycle.show", "discovery.journeys", "discovery.between")


@pytest.mark.parametrize("page", [*COUNTS, *OF_A_PERIOD])
def test_pages_say_when_they_were_computed_and_on_paper_of_when(everything: Pages, page: str) -> None:
    text = next(text for endpoint, text in everything.values() if endpoint == page)
    told = text[text.index('class="fine as-of') :]
    assert 'As of <time datetime="2026-03-01T12:00:00.000Z"' in told
    assert "days are those of UTC" in told
    assert bool(re.search(r'<p class="print-only">From \w+ \d+, 2026 through', text)) == (page in OF_A_PERIOD)


def test_deviations_are_a_table_of_steps_and_ways_with_heat(
    own_shop: Shop, add_events: Callable[[list[Event]], None]
) -> None:
    again = [happened("/shop", who, day=9.4, kind="page") for who in ("ada", "ben")]
    add_events([*again, happened("Cart Filled", "ada", day=9.3)])
    text = own_shop.client("viewer").get("/p/shop/journeys/buy/conformance?days=30").text
    card = text[text.index('id="heat-title"') : text.index("</section>", text.index('id="heat-title"'))]
    assert "heat-legend" in card
    cells = re.findall(
        r'class="number (is-heat[^"]*)">([^<]+)<span class="under"><a href="([^"]+)"[^>]*>(\d)', card
    )
    said = "counts each customer’s first run alone"
    assert said in text
    assert said not in own_shop.client("viewer").get("/p/shop/journeys/buy/conformance?unit=customers").text
    assert {share for _, share, _, _ in cells} == {"40%", "33%"}, (
        "two of five looked again, one of three filled"
    )
    for heat, share, link, n in cells:
        assert heat == {"40%": "is-heat is-heat-10", "33%": "is-heat is-heat-8"}[share]
        there = own_shop.client("viewer").get(link.replace("&amp;", "&")).text
        assert f": {n} run" in there[there.index('id="runs-title"') :]
    none = re.findall(r'class="number zero">–', card)
    heads = card.count('<th scope="col"') - 1
    assert len(cells) + len(none) == 3 * heads, "every step has a cell of each way"
