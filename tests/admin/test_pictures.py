"""Pictures: the script that draws them comes with the pages that have one, and with no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from admin.assets import manifest
from store.event import Event
from store.events import EventStore
from tests import hostile
from tests.admin.conftest import NOW, Shop, a_shop, happened
from tests.admin.hostile_pages import hostile_pages

Everything = tuple[Shop, hostile.Planted]


@pytest.fixture(scope="module")
def everything(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Everything]:
    """The shop with something to see on every page."""
    with a_shop(template_db, shared_events, tmp_path_factory.mktemp("pictures")) as shop:
        yield shop, hostile.plant(shop.services, shop.project, now=NOW)


def test_pages_load_the_script_of_pictures_where_there_is_one(everything: Everything) -> None:
    shop, planted = everything
    client, drawn, wrong = shop.client("admin"), set(), []
    for endpoint, path in hostile_pages(shop, planted):
        text = client.get(path).text
        if "</html>" not in text:
            continue
        has_picture = 'data-chart="' in text
        drawn |= {endpoint} if has_picture else set()
        if has_picture != (f'<script src="/static/{manifest()["charts.js"]}" defer>' in text):
            wrong.append(path)
    assert wrong == []
    tabs = {"journey.funnel", "journey.timing", "journey.paths"}
    others = {"customers.one", "embedded.show", "explore.show", "ingestion.health", "ingestion.robots"}
    assert drawn == {*tabs, *others, "lifecycle.show"}


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
