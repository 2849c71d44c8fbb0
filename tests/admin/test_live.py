"""Live: events are found by what they are, shown as sent beside what was made of them, held to the plan."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store.db import open_db
from store.event import Event
from store.events import EventStore
from store.migrate import migrate_events
from tests.admin.conftest import Shop, happened, open_shop, staff


def late(name: str, who: str, *, kind: str = "track", **more: Any) -> Event:
    return happened(name, who, day=0.1, kind=kind, **more)


@pytest.fixture(scope="module")
def live(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A shop with some events of today."""
    path = tmp_path_factory.mktemp("live") / "waywiser.db"
    shutil.copy(template_db, path)
    engine, events = open_db(f"sqlite:///{path}", sync="normal"), shared_events.sibling("t_live")
    migrate_events(events)
    staff(engine)
    shop = open_shop(engine, events, path.parent)
    broken = late("Order Paid", "ivy", properties={"amount": "many", "<b>": "<script>"})
    rows = [
        late("/shop/hats", "gus", kind="page", anonymous=True),
        late("Cart Filled", "gus"),
        msgspec.structs.replace(late("Sale Made", "hal"), marks=("unplanned",), source="newsletter"),
        msgspec.structs.replace(
            broken,
            marks=("plan_violation",),
            context=json.dumps({"violations": ["amount must be a number"], "extra": {"mine": 1}}),
        ),
    ]
    shop.services.events.insert(rows, token="live")
    yield shop
    events.command("drop database t_live")
    events.close()
    engine.dispose()


def names(shop: Shop, query: str) -> list[str]:
    """The events of the list that the page asks for again and again."""
    answer = shop.client("viewer").get(f"/p/shop/live?{query}", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return sorted(re.findall(r"<b>([^<]+)</b>", answer.text))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["/shop/hats", "/shop/shoes", "Cart Filled", "Order Paid", "Sale Made"]),
        ("type=page", ["/shop/hats", "/shop/shoes"]),
        ("type=nonsense&event=order", ["Order Paid"]),
        ("event=HATS", ["/shop/hats"]),
        ("source=newsl", ["Sale Made"]),
        ("customer=gus", ["/shop/hats", "Cart Filled"]),
        ("customer=99999999999999999999999", []),
        ("plan=broken", ["Order Paid", "Sale Made"]),
        ("plan=broken&customer=ivy", ["Order Paid"]),
        ("event=%25' or 1 --", []),
    ],
)
def test_events_are_found_by_what_they_are(live: Shop, query: str, wanted: list[str]) -> None:
    assert names(live, query) == wanted


def test_the_page_asks_again_for_the_same_choice(live: Shop) -> None:
    text = html.unescape(live.client("viewer").get("/p/shop/live?type=track&source=newsl&x=1").text)
    assert 'hx-get="/p/shop/live?type=track&source=newsl"' in text


def test_breaks_of_the_plan_are_counted_and_lead_to_the_events(live: Shop) -> None:
    text = html.unescape(live.client("viewer").get("/p/shop/live").text)
    card = text[text.index('id="broken-title"') :]
    links = re.findall(r'<a href="(/p/shop/live\?[^"]*event=[^"]*)"[^>]*>(\d+)</a>', card)
    assert [int(n) for _, n in links] == [1, 1]
    assert [names(live, link.partition("?")[2]) for link, _ in links] == [["Order Paid"], ["Sale Made"]]


def test_one_event_shows_what_was_sent_beside_what_was_made_of_it(live: Shop) -> None:
    rows = live.client("viewer").get("/p/shop/live?customer=ivy", headers={"HX-Request": "true"}).text
    link = re.search(r'href="(/p/shop/live/event\?[^"]+)"', rows)
    assert link
    page = live.client("viewer").get(html.unescape(link[1])).text
    assert "<script>" not in page[page.index("sent-title") :].partition("</section>")[0]
    text = html.unescape(page)
    assert "amount must be a number" in text
    sent = json.loads(re.search(r'id="event-sent"[^>]*>(.*?)</', text, re.S)[1])  # type: ignore[index]
    assert sent["event"] == "Order Paid"
    assert sent["properties"]["amount"] == "many"
    assert sent["context"] == {"extra": {"mine": 1}}, "the plan's word is not what was sent"
    made = text[text.index("made-title") :]
    assert "Direct" in made
    assert "desktop" in made


@pytest.mark.parametrize(
    "query",
    ["", "id=x&received=1", f"id={'0' * 32}&received=1", f"id={'0' * 32}&received=99999999999999999999"],
)
def test_an_event_that_there_is_not_is_not_found(live: Shop, query: str) -> None:
    assert live.client("viewer").get(f"/p/shop/live/event?{query}").status_code == 404


def test_an_event_of_another_project_is_not_found(live: Shop) -> None:
    rows = live.client("viewer").get("/p/shop/live?customer=ivy", headers={"HX-Request": "true"}).text
    link = re.search(r'href="(/p/shop/live/event\?[^"]+)"', rows)
    assert link
    theirs = html.unescape(link[1]).replace("/p/shop/", "/p/other/")
    assert live.client("stranger").get(theirs).status_code == 404
