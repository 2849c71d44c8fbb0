"""Pictures: the script that draws them comes with the pages that have one, and with no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.assets import manifest
from store.events import EventStore
from tests import hostile
from tests.admin.conftest import NOW, Shop, a_shop
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
