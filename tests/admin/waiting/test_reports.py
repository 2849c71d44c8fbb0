"""A report that takes long does not hold its page up: it says how far it is, can be cancelled, and ends."""

from __future__ import annotations

import html
import re
import threading
from dataclasses import replace
from typing import Any

import pytest

from admin.waiting import Waiting
from journeys.answers import Answers
from journeys.cursors import written
from journeys.zero import Cell
from store.event_errors import EventStoreError
from store.events import EventStore
from store.projects import create_api_token
from tests.admin.conftest import NOW, Shop
from tests.admin.waiting.asked import CANCEL, HX, PATH, come, failing, name_in, until, waiting_of
from tests.store.test_memory import GREEDY
from tests.store.test_work import ENDLESS

WHO = written(Cell("customers", "look"))
BETWEEN = "start=page:/shop*&goal=event:Order Paid"
# Pages, or parts that a page asks for when it is there, and where what they tell comes to stand.
PAGES = {
    "runs": ("/p/shop/journeys/buy/runs?days=30", "report", "All who entered: "),
    "discover": ("/p/shop/discover/journeys?days=30", "report", "Journeys worth managing"),
    "between": (f"/p/shop/discover/between?{BETWEEN}", "report", "Reached the goal"),
    "attempts": (f"/p/shop/discover/attempts?{BETWEEN}&cell=reached", "report", "reached the goal: "),
    "explore": ("/p/shop/explore?start=/shop", "report", "What comes after"),
    "lifecycle": ("/p/shop/lifecycle?days=30", "report", "Who comes back after"),
    "sessions": ("/p/shop/sessions?days=30", "report", "sessions.csv"),
    "customers": ("/p/shop/customers?q=ada", "found", "1 found"),
    "loss": ("/p/shop/live/health/loss?days=30", "loss", "Events that came"),
    "robots": ("/p/shop/live/robots?days=30", "report", "No robots in this period"),
    "events": ("/p/shop/events", "report", "Part of a name"),
    "zero": (f"/p/shop/journeys/buy/zero/customers?days=30&cell={WHO}", "report", "that matches: "),
    "digest": ("/p/shop/me/digest?week=next", "report", "how the journeys went"),
    "segment": ("/p/shop/segments/size/ordered?journey=buy", "size-ordered", "of 0 customers"),
    "card": ("/p/shop/journeys/buy/glance?days=30", "glance-buy", "Explain"),
    "pulse": ("/p/shop/journeys-pulse", "pulse", "events in 30 minutes"),
}


def test_a_page_is_there_at_once_and_gets_its_report_when_it_is_ready(
    shop: Shop, slow: threading.Event
) -> None:
    client = shop.client("viewer")
    page = client.get(PATH)
    assert page.status_code == 200
    assert "Buys something" in page.text
    assert "This report takes a while" in page.text
    name = name_in(page.text)
    assert f'hx-get="/p/shop/journeys/buy/timing?days=30&amp;by=start&amp;work={name}"' in page.text
    answer = client.get(f"{PATH}&work={name}", headers=HX)
    assert answer.headers["HX-Retarget"] == answer.headers["HX-Reselect"] == "#report-progress"
    assert 'id="report-progress"' in (part := answer.text)
    assert part.startswith('<div class="stack" id="report">')
    assert name_in(part) == name
    slow.set()
    done = come(client, f"{PATH}&work={name}")
    assert waiting_of(shop).of(name, shop.people["viewer"].id) is None
    assert '<div class="stack" id="report">' in done
    assert 'id="report-bar"' in done
    assert "work=" not in done


def test_a_report_that_is_cancelled_ends_in_the_event_store(shop: Shop, slow: threading.Event) -> None:
    client = shop.client("viewer")
    name = name_in(client.get(PATH).text)
    job = waiting_of(shop).of(name, shop.people["viewer"].id)
    assert job is not None
    said = client.post(CANCEL, data={"work": name}, headers=HX)
    assert "Cancelled." in said.text
    assert "Ask again" in said.text
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    until(lambda: job.progress == (0, 0))
    assert not slow.is_set()


def test_who_leaves_needs_no_page_for_an_answer(shop: Shop, slow: threading.Event) -> None:
    client = shop.client("viewer")
    name = name_in(client.get(PATH).text)
    job = waiting_of(shop).of(name, shop.people["viewer"].id)
    assert job is not None
    assert client.post(CANCEL, data={"work": name, "leaving": "1"}).status_code == 204
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"


def test_while_one_waits_nothing_is_said_to_be_none(shop: Shop, slow: threading.Event) -> None:
    client = shop.client("viewer")
    for path in ("/p/shop/sessions?days=30&device=mobile", f"{PATH}&device=mobile"):
        page = client.get(path).text
        assert 'value="mobile" selected>mobile</option>' in page
        assert "(0)" not in page


def test_what_sessions_can_be_limited_to_stays_while_one_waits(shop: Shop, slow: threading.Event) -> None:
    client, path = shop.client("viewer"), "/p/shop/sessions?days=30"
    offered = re.compile(r'<option value="desktop">desktop \([1-9]')
    name = name_in(client.get(path).text)
    slow.set()
    assert offered.search(come(client, f"{path}&work={name}"))
    slow.clear()
    page = client.get(f"{path}&device=mobile").text
    assert "data-work" in page
    assert offered.search(page)


@pytest.mark.parametrize("what", PAGES)
def test_whatever_takes_long_says_so_and_comes_when_it_is_ready(
    shop: Shop, slow: threading.Event, with_segment: None, what: str
) -> None:
    client, (path, spot, told) = shop.client("viewer"), PAGES[what]
    part = client.get(path, headers=HX)
    assert part.status_code == 200
    assert f'id="{spot}"' in part.text
    assert told not in part.text
    assert "HX-Retarget" not in part.headers, "the first answer comes to where it was asked for"
    name = name_in(part.text)
    again = re.search(r'hx-get="([^"]+)" hx-trigger="load, every 1s"', part.text)
    assert again
    still = client.get(html.unescape(again[1]), headers=HX)
    assert still.headers["HX-Retarget"] == still.headers["HX-Reselect"] == f"#{spot}-progress"
    assert f'id="{spot}-progress"' in still.text
    slow.set()
    done = come(client, f"{path}{'&' if '?' in path else '?'}work={name}")
    assert told in done
    put = re.search(r'hx-target="#([\w-]+)" hx-select="#([\w-]+)', part.text)
    assert put
    assert put[1] == put[2]
    assert f'id="{put[2]}"' in done


@pytest.mark.parametrize("what", PAGES)
def test_a_whole_page_is_there_at_once_too(
    shop: Shop, slow: threading.Event, with_segment: None, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    client, (path, _, told) = shop.client("viewer"), PAGES[what]
    page = client.get(path)
    assert page.status_code == 200
    assert "<main" in page.text
    assert "This report takes a while" in page.text
    name = name_in(page.text)
    client.post(CANCEL, data={"work": name})
    slow.set()
    monkeypatch.setattr(waiting_of(shop), "_patience_s", 60.0)
    assert told in client.get(path).text


@pytest.mark.parametrize("what", PAGES)
def test_whatever_takes_long_can_be_cancelled(
    shop: Shop, slow: threading.Event, with_segment: None, what: str
) -> None:
    client = shop.client("viewer")
    name = name_in(client.get(PAGES[what][0], headers=HX).text)
    job = waiting_of(shop).of(name, shop.people["viewer"].id)
    assert job is not None
    assert "Cancelled." in client.post(CANCEL, data={"work": name}, headers=HX).text
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    assert not slow.is_set()


@pytest.mark.parametrize("what", ["segment", "card", "pulse"])
def test_a_part_that_failed_can_be_asked_for_again(
    shop: Shop, slow: threading.Event, with_segment: None, what: str
) -> None:
    client, (path, spot, told) = shop.client("viewer"), PAGES[what]
    slow.set()
    with pytest.MonkeyPatch.context() as patch:
        failing(patch)
        failed = come(client, path)
    assert "This was not answered: " in failed
    again = re.search(r'hx-get="([^"]+)" hx-target="#([\w-]+)" hx-select="#([\w-]+)"[^>]*>Ask again<', failed)
    assert again
    assert again[2] == again[3] == spot
    assert html.unescape(again[1]).rstrip("?") == path
    assert ('hx-trigger="every 15s"' in failed) == (what == "pulse")
    assert told in come(client, html.unescape(again[1]))


def test_a_failure_stands_where_the_report_would(
    shop: Shop, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = shop.client("viewer")
    name = name_in(client.get(PATH).text)
    job = waiting_of(shop).of(name, shop.people["viewer"].id)
    assert job is not None

    def broken(_self: EventStore, _sql: str, *_: Any) -> Any:
        raise EventStoreError("there is no memory")

    monkeypatch.setattr(EventStore, "query", broken)
    slow.set()
    assert isinstance(job.found.exception(timeout=60), EventStoreError)
    part = client.get(f"{PATH}&work={name}", headers=HX)
    assert part.status_code == 200
    assert "It said: there is no memory" in part.text
    assert "hx-get" not in part.text


def test_a_refresh_leaves_what_stands_there_until_a_later_one_finds_it_ready(
    shop: Shop, slow: threading.Event
) -> None:
    client, path = shop.client("viewer"), "/p/shop/journeys-pulse?refresh=1"
    for _ in range(2):
        assert client.get(path, headers=HX).status_code == 204
    (job,) = waiting_of(shop)._jobs.values()
    assert shop.client("editor").get(path, headers=HX).status_code == 204
    assert len(waiting_of(shop)._jobs) == 2, "another person's is another one"
    slow.set()
    assert job.found.exception(timeout=60) is None
    text = client.get(path, headers=HX).text
    assert "events in 30 minutes" in text
    assert f'hx-get="{path}"' in text
    assert job not in waiting_of(shop)._jobs.values()


def test_a_failure_and_a_limit_say_so(shop: Shop, slow: threading.Event) -> None:
    slow.set()
    shop.app.extensions["waywiser"] = replace(
        shop.app.extensions["waywiser"],
        waiting=Waiting(),
        settings=replace(shop.services.settings, report_seconds=1),
    )
    query = EventStore.query

    def endless(self: EventStore, sql: str, *more: Any) -> Any:
        return query(self, ENDLESS if self._work is not None else sql, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventStore, "query", endless)
        page = shop.client("viewer").get("/p/shop/journeys/buy/timing?days=31")
        assert page.status_code == 503
        assert "It took longer than 1 seconds" in page.text or "it took longer than 1 seconds" in page.text
        token = create_api_token(shop.services.engine, shop.project.id, name="t", role="viewer", now=NOW)
        answer = shop.app.test_client().get(
            "/api/v1/journeys/buy/timing?from=2026-01-07", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 503
        assert answer.json["code"] == "took_too_long"
        assert "WAYWISER_REPORT_SECONDS" in answer.json["message"]


def test_a_question_without_enough_memory_says_what_to_do(
    shop: Shop, slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.set()
    small, query = shop.services.events.sibling(shop.services.events.database, memory_mb=64), EventStore.query

    def greedy(self: EventStore, sql: str, *more: Any) -> Any:
        return query(self, GREEDY if self._work is not None else sql, *more)

    services = replace(shop.services, waiting=Waiting(), events=small, answers=Answers())
    shop.app.extensions["waywiser"] = services  # which `slow` takes back, before what is patched is undone
    monkeypatch.setattr(EventStore, "query", greedy)
    page = shop.client("viewer").get("/p/shop/journeys/buy/timing?days=31")
    assert page.status_code == 503
    assert "64 MiB of WAYWISER_EVENTS_MEMORY_MB" in page.text
    assert "sk for a shorter period" in page.text
    token = create_api_token(shop.services.engine, shop.project.id, name="m", role="viewer", now=NOW)
    answer = shop.app.test_client().get(
        "/api/v1/journeys/buy/timing?from=2026-01-07", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json["code"]) == (503, "not_enough_memory")
    assert "WAYWISER_EVENTS_MEMORY_MB" in answer.json["message"]
    small.close()


def test_what_is_gone_is_begun_anew(shop: Shop) -> None:
    waiting_of(shop)._patience_s = 60.0  # however busy the machine is
    answer = shop.client("viewer").get(f"{PATH}&work=work-{'0' * 32}", headers=HX)
    assert answer.status_code == 200
    assert "data-work" not in answer.text
    assert '<div class="stack" id="report">' in answer.text


def test_versions_side_by_side_come_later_on_the_page_of_the_definition(
    shop: Shop, slow: threading.Event
) -> None:
    client, path = shop.client("viewer"), "/p/shop/journeys/buy/definition/beside?days=30"
    part = client.get(path, headers=HX).text
    assert part.startswith('<div class="stack" id="versions">')
    assert "This report takes a while" in part
    again = f"{path}&work={name_in(part)}"
    assert client.get(again, headers=HX).headers["HX-Retarget"] == "#versions-progress"
    slow.set()
    done = come(client, again)
    assert done.lstrip().startswith('<div class="stack" id="versions">')
    assert "There is no version before this one." in done
