"""The pages of health and robots, and the same over the API."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest

from store import disk
from store.client_health import Health, Told, enter
from store.db import writing
from store.inbox import Envelope, Inbox
from store.ingestion import add_counts
from store.projects import create_api_token
from tests.admin.conftest import NOW, Shop, happened

HOUR = NOW - NOW % 3_600_000
JS = "waywiser-js/1.0.0"


@pytest.fixture
def busy_shop(own_shop: Shop) -> Shop:
    """A shop whose collector had work today: a gap in a visit, a robot, a hostile library name."""
    disk._disks.cache_clear()  # by which other tests seem to fill it up within a day
    project, hostile = own_shop.project.id, "<script>alert(1)</script>"
    counts = {
        (project, HOUR, "accepted", "", JS): 90,
        (project, HOUR, "duplicate", "", JS): 4,
        (project, HOUR, "late", "", JS): 3,
        (project, HOUR, "bot", "googlebot", JS): 2,
        (project, HOUR, "dropped", "missing_identity", JS): 6,
        (project, HOUR, "accepted", "", hostile): 1,
    }
    with writing(own_shop.services.engine) as connection:
        add_counts(connection, counts)
    about = {"library": JS, "host": "shop.example", "browser": "Firefox", "session": "s"}
    numbered = [
        msgspec.structs.replace(
            happened("/shop", "eve", day=0.1 - n / 10_000, kind="page", anonymous=True), sequence=n, **about
        )
        for n in (1, 2, 4)
    ]
    robot = msgspec.structs.replace(
        happened("/hats", "bot", day=0.1, kind="page"),
        is_bot=True,
        marks=("bot:googlebot",),
        host="shop.example",
    )
    own_shop.services.events.insert([*numbered, robot], token="busy")
    return own_shop


def text(shop: Shop, path: str) -> str:
    answer = shop.client("viewer").get(f"/p/shop/live/{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(shop: Shop, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(shop, f"health/{name}.csv"))))


def test_the_health_page_tells_what_came_with_unit_and_total(busy_shop: Shop) -> None:
    page = text(busy_shop, "health")
    for said in ("of 101;", "Nobody named", "1,000,000 that may wait", "Free disk", JS):
        assert said in page, said
    assert "<script>alert" not in page


def test_the_health_page_says_first_whether_all_is_well(busy_shop: Shop) -> None:
    assert "Events are taken in." in text(busy_shop, "health")
    envelope = Envelope(
        project=busy_shop.project.id, received_at=NOW - 600_000, side="server", history=False, messages=[{}]
    )
    inbox = Inbox(busy_shop.services.engine)
    inbox.put(envelope, [])
    inbox.close()
    page = text(busy_shop, "health")
    assert "The oldest request has waited for 10 min." in page
    assert "Events are taken in." not in page


def test_refused_events_are_listed_for_the_same_days(busy_shop: Shop) -> None:
    page = text(busy_shop, "health?from=2026-02-20&through=2026-03-01")
    assert "/live/drops?days=2026-02-20..2026-03-01&amp;code=missing_identity" in page


def test_an_idle_project_has_a_health_page_too(own_shop: Shop) -> None:
    assert "Nothing came in this period" in text(own_shop, "health")
    assert "No robots in this period" in text(own_shop, "robots")
    assert "No numbered events" in text(own_shop, "health/loss")


def test_the_loss_is_told_by_library_host_and_browser(busy_shop: Shop) -> None:
    (row,) = rows(busy_shop, "loss")
    assert (row["library"], row["host"], row["browser"]) == (JS, "shop.example", "Firefox")
    assert (row["expected"], row["received"], row["lost"], row["share"]) == ("4", "3", "1", "0.25")
    page = text(busy_shop, "health/loss")
    assert "25% lost</strong>: 1 of 4 numbered events" in page
    assert "<h1>Lost on the way</h1>" in page
    part = busy_shop.client("viewer").get("/p/shop/live/health/loss", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div class="stack" id="loss">')


def test_the_robots_page_tells_the_reasons(busy_shop: Shop) -> None:
    page = text(busy_shop, "robots")
    for said in ("googlebot", "/hats", "all reports leave them out", "of 5 stored events"):
        assert said in page, said
    assert rows(busy_shop, "robots")[0]["paths"] == "/hats"


def test_every_table_is_a_file_too(busy_shop: Shop) -> None:
    assert sum(int(row["accepted"]) for row in rows(busy_shop, "times")) == 91
    assert {row["library"] for row in rows(busy_shop, "libraries")} == {JS, "<script>alert(1)</script>"}
    assert ("refused", "missing_identity", "6") in [tuple(row.values()) for row in rows(busy_shop, "reasons")]
    assert busy_shop.client("viewer").get("/p/shop/live/health/nothing.csv").status_code == 404


def ask(shop: Shop, path: str) -> dict[str, Any]:
    token = create_api_token(shop.services.engine, shop.project.id, name="t", role="viewer", now=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    answer = shop.client().get(f"/api/v1/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_the_api_tells_the_same(busy_shop: Shop) -> None:
    counted = ask(busy_shop, "ingestion?from=2026-03-01&to=2026-03-02")
    assert counted["total"] == {
        "accepted": 91,
        "duplicates": 4,
        "refused": 6,
        "late": 3,
        "robots": 2,
        "violations": 0,
    }
    assert counted["inbox"] == {"waiting": 0, "limit": 1_000_000, "oldest_seconds": 0}
    assert counted["disk"]["free_bytes"] > 0
    assert ask(busy_shop, "ingestion?from=2026-02-01&to=2026-02-02")["total"]["accepted"] == 0
    assert ask(busy_shop, "ingestion/loss?from=2026-03-01")["total"]["lost"] == 1
    assert ask(busy_shop, "robots?from=2026-03-01")["reasons"][0]["reason"] == "googlebot"


def test_the_health_page_says_how_services_come_to_tell_what_they_lost(busy_shop: Shop) -> None:
    page = text(busy_shop, "health")
    assert "No service has said yet what it lost" in page
    assert "Client(SERVER_KEY, service=&#34;billing&#34;)" in page


@pytest.fixture
def telling_shop(own_shop: Shop) -> Shop:
    """A shop with two services whose clients count, and one of which loses."""
    project = own_shop.project.id
    dropped = {"queue_full": 5, "unsent": 1, "held_back": 7, "<script>": 1}
    with writing(own_shop.services.engine) as connection:
        enter(
            connection,
            [
                Told(project, HOUR, Health(stream="a", service="billing", enqueued=90, sent=73, spooled=17)),
                Told(
                    project,
                    HOUR,
                    Health(stream="b", service="<i>shop", enqueued=99, sent=93, dropped=dropped),
                ),
                Told(project, HOUR, Health(stream="c", service="<i>shop", enqueued=2)),
            ],
        )
    return own_shop


def test_the_health_page_tells_what_each_service_lost_and_why(telling_shop: Shop) -> None:
    page = text(telling_shop, "health")
    for said in ("3.6% lost", "7 of 196 messages", "queue_full 5", "the queue had no room", "&lt;i&gt;shop"):
        assert said in page, said
    assert "<i>shop" not in page
    assert "Nothing came in this period" in page


def test_what_services_lost_is_in_a_file_and_over_the_api(telling_shop: Shop) -> None:
    lines = {
        (row["service"], row["counter"], row["reason"]): row["messages"]
        for row in rows(telling_shop, "services")
    }
    assert lines["billing", "spooled", ""] == "17"
    assert lines["<i>shop", "lost", "queue_full"] == "5"
    assert lines["<i>shop", "held_back", ""] == "7"
    answer = ask(telling_shop, "ingestion/services?from=2026-03-01&to=2026-03-02")
    shop, billing = answer["services"]
    assert (shop["service"], shop["clients"], shop["lost"]) == ("<i>shop", 2, 7)
    assert shop["reasons"] == {"queue_full": 5, "unsent": 1, "(others)": 1}
    assert shop["share"]["n"] == shop["handed"] == 106
    assert (billing["lost"], billing["share"]["value"]) == (0, 0.0)
    assert ask(telling_shop, "ingestion/services?from=2026-02-01&to=2026-02-02")["services"] == []
