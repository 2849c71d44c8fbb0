"""A report that takes long does not hold its page up: it says how far it is, can be cancelled, and ends."""

from __future__ import annotations

import copy
import html
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from admin.app import create_app
from admin.waiting import MOST, MOST_OF_ONE, Waiting
from journeys.answers import Answers
from journeys.cursors import written
from journeys.segment_definitions import parse_segment
from journeys.segment_saving import keep_segment
from journeys.zero import Cell
from store.cancelling import Cancelling
from store.event_errors import EventStoreError
from store.events import EventStore
from store.identity import Ledger
from store.projects import create_api_token
from store.segments import delete_segment
from store.work import Work
from tests.admin.conftest import NOW, Shop
from tests.installation import eventually
from tests.store.test_memory import GREEDY
from tests.store.test_work import ENDLESS

PATH = "/p/shop/journeys/buy/timing?days=30&by=start"
CANCEL = "/p/shop/waiting/cancel"
HX = {"HX-Request": "true"}


def until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def come(client: FlaskClient, address: str, form: Mapping[str, str] | None = None) -> str:
    """What a page, or a form that is sent, gets that asks again and again."""
    texts = [""]

    def is_there() -> bool:
        named = dict(re.findall(r'data-(work)="([^"]+)"', texts[-1]))
        if form is not None:
            answer = client.post(address, data={**form, **named}, headers=HX)
        else:
            answer = client.get(f"{address}{'&' if '?' in address else '?'}{urlencode(named)}", headers=HX)
        texts.append(answer.text)
        return "data-work" not in texts[-1]

    until(is_there)
    return texts[-1]


@pytest.fixture
def slow(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Reports whose first question never ends in the engine, until the event is set."""
    quick, query = threading.Event(), EventStore.query

    def endless(self: EventStore, sql: str, *more: Any) -> Any:
        if self._work is not None and not quick.is_set():
            while not quick.is_set():  # in bites, so that it can be let go without being killed
                query(self, "select sum(sipHash64(number)) as n from numbers(3000000)")
        return query(self, sql, *more)

    look = Ledger.preview_rules

    def looking(self: Ledger, *asked: Any, progress: Callable[[int, int], None]) -> Any:
        while not quick.wait(0.01):
            progress(1, 3)
        return look(self, *asked, progress=progress)

    monkeypatch.setattr(EventStore, "query", endless)
    monkeypatch.setattr(Ledger, "preview_rules", looking)
    before = shop.services
    given = replace(before, waiting=Waiting(patience_s=0.05), answers=Answers())
    shop.app.extensions["waywiser"] = given
    yield quick
    given.waiting.close()
    shop.app.extensions["waywiser"] = before


def waiting_of(shop: Shop) -> Waiting:
    return shop.app.extensions["waywiser"].waiting


def name_in(text: str) -> str:
    return re.search(r'data-work="(work-[0-9a-f]+)"', text)[1]  # type: ignore[index]


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


WHO = written(Cell("customers", "look"))
BETWEEN = "start=page:/shop*&goal=event:Order Paid"
SEGMENT = {"key": "ordered", "name": "Ordered", "all": [{"journey": "buy", "state": "succeeded"}]}
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


@pytest.fixture
def with_segment(shop: Shop) -> Iterator[None]:
    given = shop.services
    keep_segment(given.engine, given.events, shop.project.id, parse_segment(SEGMENT), by="t", now=NOW)
    yield
    delete_segment(given.engine, shop.project.id, "ordered", by="t", now=NOW)


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


def test_the_size_beside_a_segment_is_waited_for_while_its_form_goes_on(
    shop: Shop, slow: threading.Event
) -> None:
    client, path = shop.client("editor"), "/p/shop/segments/beside"
    form = {"name": "Ordered", "key": "ordered", "join": "all", "of": "buy"}
    form |= {"parts.0.kind": "journey", "parts.0.journey": "buy", "parts.0.state": "succeeded"}
    part = client.post(path, data=form, headers=HX).text
    assert "The same as YAML" in part
    assert 'id="beside-size-progress"' in part
    assert f'hx-post="{path}"' in part
    name = name_in(part)
    still = client.post(path, data={**form, "work": name}, headers=HX)
    assert still.headers["HX-Retarget"] == "#beside-size-progress"
    slow.set()
    assert "of 5 customers" in come(client, path, {**form, "work": name})


def test_what_a_journey_lacked_is_gone_while_it_is_counted(shop: Shop, slow: threading.Event) -> None:
    client, path = shop.client("editor"), "/p/shop/editor"
    form = {"do": "preview", "idle_timeout": "3d", "steps.0.match.0.value": "", "steps.1.match.0.value": ""}
    assert "Step 1: choose a touchpoint" in client.post(path, data=form, headers=HX).text
    form |= {"steps.0.match.0.value": "Cart Filled", "steps.1.match.0.value": "Order Paid"}
    part = client.post(path, data=form, headers=HX).text
    assert "Counting for" in part
    assert '<div id="preview-gaps" hx-swap-oob="true"></div>' in part
    assert 'id="preview-found"' not in part, "what was counted before stays until it is counted anew"
    slow.set()
    found = come(client, path, {**form, "work": name_in(part)})
    assert '<div class="card-body" id="preview-found" hx-swap-oob="true">' in found
    assert "runs succeed" in found


PATHS, RULES = "/p/shop/settings/paths", "/p/shop/settings/rules"
LIMITS = {"violations": "mark", "unplanned": "allow", "session_idle_minutes": "10", "session_cap_hours": "12"}
BLOCKED = {"blocked_ids": "nobody", "most_neighbours": "20", "do": "preview"}
TEMPLATE = {"templates.0.template": "/order/:id"}
# Forms whose buttons ask for what takes long: who presses one, where, the form, the place, what is told.
FORMS = {
    "proposals": ("editor", f"{PATHS}/proposals", TEMPLATE, "proposed", "Nothing to propose"),
    "paths": ("editor", PATHS, TEMPLATE | {"do": "preview"}, "preview", "What it would change"),
    "identities": ("admin", f"{RULES}/identity", BLOCKED, "preview", "What it would change"),
    "sessions": ("admin", RULES, LIMITS | {"do": "sessions:preview"}, "session-changes", "With 10 minutes"),
}


@pytest.mark.parametrize("what", FORMS)
def test_what_a_form_asks_for_says_how_far_it_is_and_comes_or_is_cancelled(
    shop: Shop, slow: threading.Event, what: str
) -> None:
    role, path, form, spot, told = FORMS[what]
    client = shop.client(role)
    part = client.post(path, data=form, headers=HX)
    assert part.status_code == 200
    assert f'id="{spot}"' in part.text
    assert "Counting for" in part.text
    assert told not in part.text
    name = name_in(part.text)
    assert f'hx-post="{path}"' in part.text
    assert f'hx-target="#{spot}" hx-select="#{spot}"' in part.text
    still = client.post(path, data={**form, "work": name}, headers=HX)
    assert still.headers["HX-Retarget"] == f"#{spot}-progress"
    job = waiting_of(shop).of(name, shop.people[role].id)
    assert job is not None
    assert "Cancelled." in client.post(CANCEL, data={"work": name}, headers=HX).text
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    name = name_in(client.post(path, data=form, headers=HX).text)
    slow.set()
    found = come(client, path, {**form, "work": name})
    assert told in found
    assert f'id="{spot}"' in found


def failing(patch: pytest.MonkeyPatch) -> None:
    """Let questions of reports fail."""
    query = EventStore.query

    def broken(self: EventStore, sql: str, *more: Any) -> Any:
        if self._work is not None:
            raise EventStoreError("there is no memory")
        return query(self, sql, *more)

    def unreadable(*_: Any, **__: Any) -> Any:
        raise EventStoreError("there is no memory")

    patch.setattr(EventStore, "query", broken)
    patch.setattr(Ledger, "preview_rules", unreadable)


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


@pytest.mark.parametrize("what", FORMS)
def test_what_a_form_asked_for_in_vain_can_be_asked_for_again(
    shop: Shop, slow: threading.Event, what: str
) -> None:
    role, path, form, spot, _ = FORMS[what]
    slow.set()
    with pytest.MonkeyPatch.context() as patch:
        failing(patch)
        texts: list[str] = []

        def has_failed() -> bool:
            texts.append(shop.client(role).post(path, data=form, headers=HX).text)
            return "This was not answered: " in texts[-1]

        until(has_failed)
    does = f'name="do" value="{form["do"]}"' if "do" in form else 'type="button"'
    again = f'{does} hx-post="{path}" hx-target="#{spot}" hx-select="#{spot}" hx-swap="outerHTML">Ask again<'
    assert again in texts[-1]


def test_a_form_without_a_script_is_answered_when_the_answer_is_there(
    shop: Shop, slow: threading.Event
) -> None:
    threading.Timer(0.3, slow.set).start()
    page = shop.client("editor").post(PATHS, data=TEMPLATE | {"do": "preview"})
    assert page.status_code == 200
    assert "<main" in page.text
    assert 'name="previewed"' in page.text
    assert "data-work" not in page.text


def test_a_form_without_a_script_does_not_wait_for_its_turn(
    shop: Shop, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Waiting()
    monkeypatch.setitem(
        shop.app.extensions, "waywiser", replace(shop.services, waiting=desk, answers=Answers())
    )
    jobs = [desk.begin(owner, Work(), shop.services.events, gate.wait) for owner in owners(MOST)]
    page = shop.client("editor").post(PATHS, data=TEMPLATE | {"do": "preview"})
    assert page.status_code == 503
    assert "as many reports are being computed as may be at once" in page.text
    assert 'value="/order/:id"' in page.text
    assert not desk._line
    gate.set()
    assert all(desk.taken(job) for job in jobs)


def test_a_form_whose_answer_takes_too_long_keeps_what_was_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = EventStore.query

    def endless(self: EventStore, sql: str, *more: Any) -> Any:
        return query(self, ENDLESS if self._work is not None else sql, *more)

    short = replace(shop.services.settings, report_seconds=1)
    given = replace(shop.services, waiting=Waiting(), settings=short, answers=Answers())
    monkeypatch.setitem(shop.app.extensions, "waywiser", given)
    monkeypatch.setattr(EventStore, "query", endless)
    page = shop.client("editor").post(PATHS, data=TEMPLATE | {"do": "preview"})
    assert page.status_code == 503
    assert "This was not answered:" in page.text
    assert "it took longer than 1 seconds" in page.text
    assert 'value="/order/:id"' in page.text
    part = shop.client("editor").post(PATHS, data=TEMPLATE | {"do": "preview"}, headers=HX)
    assert "it took longer than 1 seconds" in part.text
    assert "<main" not in part.text


def test_a_preview_is_of_the_templates_that_were_sent_though_the_form_goes_on(
    shop: Shop, slow: threading.Event
) -> None:
    client, form = shop.client("editor"), TEMPLATE | {"do": "preview"}
    name = name_in(client.post(PATHS, data=form, headers=HX).text)
    slow.set()
    changed = form | {"templates.0.template": "/other/:id"}
    texts: list[str] = []

    def is_there() -> bool:
        texts.append(client.post(PATHS, data={**changed, "work": name}, headers=HX).text)
        return "data-work" not in texts[-1]

    until(is_there)
    stamp = re.search(r'name="previewed" value="(\w+)"', texts[-1])
    assert stamp
    assert 'id="taken-0" hx-swap-oob="true"></div>' in texts[-1], "of the row as it is now nothing is known"
    saved = client.post(PATHS, data=changed | {"do": "save", "previewed": stamp[1]})
    assert saved.status_code == 200, "what is kept was previewed"


def test_a_preview_of_identity_rules_says_how_many_ids_it_has_looked_at_and_lets_one_write_on(
    shop: Shop, slow: threading.Event
) -> None:
    client, path = shop.client("admin"), f"{RULES}/identity"
    name = name_in(client.post(path, data=BLOCKED, headers=HX).text)

    def says_how_far() -> bool:
        text = client.post(path, data={**BLOCKED, "work": name}, headers=HX).text
        return "1 of about 3 rows read" in text

    until(says_how_far)
    half = client.post(path, data={**BLOCKED, "most_neighbours": "", "work": name}, headers=HX)
    assert "1 of about 3 rows read" in half.text, "a field that is being written stops nothing"
    assert "<main" not in half.text
    unknown = client.post(path, data={**BLOCKED, "most_neighbours": "", "work": "none"}, headers=HX)
    assert "Not counted yet: " in unknown.text
    slow.set()
    changed, texts = BLOCKED | {"blocked_ids": "somebody else"}, []

    def is_there() -> bool:
        texts.append(client.post(path, data={**changed, "work": name}, headers=HX).text)
        return "data-work" not in texts[-1]

    until(is_there)
    stamp = re.search(r'name="previewed" value="(\w+)"', texts[-1])
    assert stamp
    saved = client.post(path, data=changed | {"do": "save", "previewed": stamp[1]})
    assert saved.status_code == 200, "what is kept was previewed"
    assert 'hx-trigger="load"' in saved.text
    refused = client.post(path, data=BLOCKED | {"most_neighbours": "none"}, headers=HX)
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (422, "#main")
    assert 'aria-invalid="true"' in refused.text


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


def test_what_is_asked_for_often_is_watched_over_once(shop: Shop) -> None:
    desk, gate = Waiting(patience_s=0.01), threading.Event()
    job = desk.begin(1, Work(), shop.services.events, gate.wait)

    def watchers() -> int:
        return sum(one.name == "report-watch" for one in threading.enumerate())

    before = watchers()
    assert not any(desk.is_ready(job) for _ in range(5))
    assert watchers() <= before + 1
    gate.set()
    assert desk.taken(job)


def test_another_person_can_neither_see_nor_cancel_it(shop: Shop, slow: threading.Event) -> None:
    name = name_in(shop.client("viewer").get(PATH).text)
    desk = waiting_of(shop)
    assert desk.of(name, shop.people["editor"].id) is None
    shop.client("editor").post(CANCEL, data={"work": name}, headers=HX)
    job = desk.of(name, shop.people["viewer"].id)
    assert job is not None
    assert not job.found.done()


def test_a_report_for_which_nobody_asks_any_more_ends(shop: Shop, slow: threading.Event) -> None:
    now = [0.0]
    desk = Waiting(patience_s=0.01, lease_s=1.0, clock=lambda: now[0])
    work, events = Work(), shop.services.events
    job = desk.begin(1, work, events, lambda: events.asked_for(work).query(ENDLESS))
    now[0] = 5.0
    assert not desk.is_ready(job)
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    assert desk.of(work.name, 1) is None


def test_one_that_cannot_be_ended_is_forgotten_and_logged(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    away, gate = shop.services.events.sibling("not_there"), threading.Event()
    away.close()
    now = [0.0]
    desk = Waiting(patience_s=0.01, lease_s=1.0, clock=lambda: now[0])
    job = desk.begin(1, Work(), away, gate.wait)
    now[0] = 5.0
    assert not desk.is_ready(job)
    assert eventually(lambda: "a report cannot be ended" in caplog.text, bool)
    assert job.taken.is_set()
    gate.set()


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


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds reports up; in the end it is open."""
    gate = threading.Event()
    yield gate
    gate.set()


def owners(many: int) -> list[int]:
    """Of whom so many reports are that all places can be taken: of two people."""
    return [101 + number % 2 for number in range(many)]


def test_what_is_more_than_may_be_under_way_at_once_waits_for_its_turn(
    shop: Shop, gate: threading.Event
) -> None:
    desk, begun = Waiting(patience_s=0.01), threading.Semaphore(0)

    def held() -> bool:
        begun.release()
        return gate.wait(60)

    jobs = [desk.begin(owner, Work(), shop.services.events, held) for owner in owners(MOST + 3)]
    assert all(begun.acquire(timeout=60) for _ in range(MOST))
    assert [desk.before(job) for job in jobs] == [None] * MOST + [0, 1, 2]
    assert not begun.acquire(blocking=False)
    desk.cancel(jobs[MOST])
    assert type(jobs[MOST].found.exception(timeout=60)).__name__ == "Cancelled"
    assert [desk.before(job) for job in jobs[MOST + 1 :]] == [0, 1]
    gate.set()
    assert all(desk.taken(job) for job in jobs if job is not jobs[MOST])
    assert begun.acquire(blocking=False)
    assert begun.acquire(blocking=False)
    assert not begun.acquire(blocking=False), "what was cancelled in line is never begun"


def test_who_asks_for_much_at_once_lets_others_first(shop: Shop, gate: threading.Event) -> None:
    desk = Waiting()
    mine = [desk.begin(1, Work(), shop.services.events, gate.wait) for _ in range(MOST_OF_ONE + 2)]
    assert [desk.before(job) for job in mine] == [None] * MOST_OF_ONE + [0, 1]
    theirs = [desk.begin(3, Work(), shop.services.events, gate.wait) for _ in range(MOST - MOST_OF_ONE)]
    assert [desk.before(job) for job in theirs] == [None] * len(theirs), "places are left to others"
    other = desk.begin(2, Work(), shop.services.events, gate.wait)
    assert desk.before(other) == 0
    assert [desk.before(job) for job in mine[MOST_OF_ONE:]] == [1, 2]
    gate.set()
    assert desk.taken(other)
    assert desk.before(other) is None


def test_a_failure_makes_room_for_the_next(shop: Shop, gate: threading.Event) -> None:
    desk = Waiting()

    def fails() -> None:
        gate.wait(60)
        raise EventStoreError("there is no memory")

    jobs = [desk.begin(owner, Work(), shop.services.events, fails) for owner in owners(MOST)]
    last = desk.begin(1, Work(), shop.services.events, lambda: "there")
    assert desk.before(last) == 0
    gate.set()
    assert desk.taken(last) == "there"
    assert all(isinstance(job.found.exception(timeout=60), EventStoreError) for job in jobs)


def test_what_cannot_begin_fails_and_takes_nothing_from_others(
    shop: Shop, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, start = Waiting(), threading.Thread.start
    jobs = [desk.begin(owner, Work(), shop.services.events, gate.wait) for owner in owners(MOST)]
    last = [desk.begin(1, Work(), shop.services.events, lambda: "there") for _ in range(2)]

    def refused(thread: threading.Thread) -> None:
        if thread.name == "report":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refused)
    gate.set()
    assert all(desk.taken(job) for job in jobs)
    assert all(isinstance(job.found.exception(timeout=60), RuntimeError) for job in last)
    until(lambda: not desk._under_way)
    monkeypatch.setattr(threading.Thread, "start", start)
    assert desk.taken(desk.begin(1, Work(), shop.services.events, lambda: "there")) == "there"


def test_closing_begins_nothing_and_waits_for_what_does_not_end_but_a_while(
    shop: Shop, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.waiting.CLOSE_S", 0.01)
    desk, events, work = Waiting(), shop.services.events, Work()
    begun: list[int] = []

    def asks() -> None:
        work._ended.wait(60)
        work.check()

    jobs = [desk.begin(owner, Work(), events, gate.wait) for owner in owners(MOST - 1)]
    ends = desk.begin(3, work, events, asks)
    later = [desk.begin(owner, Work(), events, lambda: begun.append(1)) for owner in (3, 4)]
    desk.close()
    assert not any(job.found.done() for job in jobs)
    assert all(type(job.found.exception(timeout=60)).__name__ == "Cancelled" for job in [ends, *later])
    gate.set()
    until(lambda: not desk._under_way)
    assert not begun


def test_a_page_says_that_its_report_waits_for_its_turn(shop: Shop, gate: threading.Event) -> None:
    desk = Waiting(patience_s=0.01, again_s=0.01)
    before, client = shop.app.extensions["waywiser"], shop.client("viewer")
    shop.app.extensions["waywiser"] = replace(before, waiting=desk, answers=Answers())
    asking = [*owners(MOST), 110, 111]
    jobs = [desk.begin(owner, Work(), shop.services.events, gate.wait) for owner in asking]
    try:
        page = client.get(PATH).text
        assert "This report waits for its turn." in page
        assert "2 others wait before it." in page
        desk.cancel(jobs.pop())
        address = f"{PATH}&work={name_in(page)}"
        assert "1 other waits before it." in client.get(address, headers=HX).text
        card = client.get("/p/shop/journeys/buy/glance", headers=HX).text
        assert "Waits for its turn, after 2 others" in card
        assert "Cancelled." in client.post(CANCEL, data={"work": name_in(card)}, headers=HX).text
        desk.cancel(jobs.pop())
        assert "It is the next one." in client.get(address, headers=HX).text
        gate.set()
        assert '<div class="stack" id="report">' in come(client, address)
    finally:
        gate.set()
        shop.app.extensions["waywiser"] = before
        desk.close()


def test_who_has_too_many_in_line_is_told_so_and_others_are_not(
    shop: Shop, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.waiting.MOST_IN_LINE", 1)
    desk = Waiting()
    monkeypatch.setitem(
        shop.app.extensions, "waywiser", replace(shop.services, waiting=desk, answers=Answers())
    )
    viewer = shop.people["viewer"].id
    jobs = [desk.begin(viewer, Work(), shop.services.events, gate.wait) for _ in range(MOST_OF_ONE + 1)]
    page = shop.client("viewer").get(PATH)
    assert page.status_code == 503
    assert "so many of your reports wait for their turn" in page.text
    jobs.append(desk.begin(viewer + 1, Work(), shop.services.events, gate.wait))
    gate.set()
    assert all(desk.taken(job) for job in jobs)


def test_what_is_gone_is_begun_anew(shop: Shop) -> None:
    waiting_of(shop)._patience_s = 60.0  # however busy the machine is
    answer = shop.client("viewer").get(f"{PATH}&work=work-{'0' * 32}", headers=HX)
    assert answer.status_code == 200
    assert "data-work" not in answer.text
    assert '<div class="stack" id="report">' in answer.text


def test_what_another_process_has_begun_is_left_to_it_while_it_is_heard_of(
    shop: Shop, slow: threading.Event
) -> None:
    given = shop.app.extensions["waywiser"]
    on_a_server = copy.copy(given.events)
    on_a_server.embedded = False
    on_a_server._looked = True
    shop.app.extensions["waywiser"] = replace(given, events=on_a_server)
    client, other = shop.client("viewer"), Waiting().name()
    heard = client.get(f"{PATH}&work={other}&heard={NOW - 1_000}", headers=HX)
    assert (heard.status_code, heard.data) == (204, b"")
    assert not waiting_of(shop)._jobs
    silent = client.get(f"{PATH}&work={other}&heard={NOW - 60_000}", headers=HX)
    assert "This report takes a while" in silent.text
    assert name_in(silent.text) != other
    assert silent.headers["HX-Retarget"] == "#report"  # what asks again, asks for the other one from here on
    going_on = client.get(f"{PATH}&work={name_in(silent.text)}", headers=HX)
    assert going_on.headers["HX-Retarget"] == "#report-progress"
    said = client.post(CANCEL, data={"work": other}, headers=HX).text
    assert "If another process of Waywiser is still at it, it leaves off within some seconds." in said
    assert f'name="heard" value="{NOW}"' in silent.text
    assert "heard=" not in html.unescape(silent.text)


@pytest.fixture
def processes(shop: Shop, slow: threading.Event) -> Iterator[tuple[Shop, Shop]]:
    """The shop as two processes serve it, over one relational store and a server of events."""
    given = shop.app.extensions["waywiser"]
    on_a_server = copy.copy(given.events)
    on_a_server.embedded, on_a_server._looked = False, True
    told = Cancelling(given.engine, given.clock)
    each = [
        replace(given, events=on_a_server, waiting=Waiting(patience_s=0.05, cancelling=told))
        for _ in range(2)
    ]
    one, other = (replace(shop, services=services, app=create_app(services)) for services in each)
    for process in (one, other):
        process.app.config["WTF_CSRF_ENABLED"] = False
    yield one, other
    for services in each:
        services.waiting.close()


def test_what_another_process_is_at_ends_there_when_it_is_cancelled_here(
    processes: tuple[Shop, Shop],
) -> None:
    one, other = processes
    desk, path = one.services.waiting, f"{RULES}/identity"
    name, going_on = (name_in(one.client("admin").post(path, data=BLOCKED, headers=HX).text) for _ in "ab")
    job, second = (desk.of(work, one.people["admin"].id) for work in (name, going_on))
    assert job
    assert second
    said = other.client("admin").post(CANCEL, data={"work": name}, headers=HX).text
    assert "If another process of Waywiser is still at it, it leaves off within some seconds." in said
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled", "no engine could end it"
    until(lambda: name not in desk._jobs)
    assert not second.found.done()
    assert other.client("admin").post(CANCEL, data={"work": going_on, "leaving": "1"}).status_code == 204
    assert type(second.found.exception(timeout=60)).__name__ == "Cancelled"


def test_what_waits_for_its_turn_in_another_process_gives_it_up(
    processes: tuple[Shop, Shop], gate: threading.Event
) -> None:
    one, other = processes
    desk = one.services.waiting
    jobs = [desk.begin(owner, Work(), one.services.events, gate.wait) for owner in owners(MOST)]
    name = name_in(one.client("viewer").get(PATH, headers=HX).text)
    job = desk.of(name, one.people["viewer"].id)
    assert job in desk._line
    other.client("viewer").post(CANCEL, data={"work": name}, headers=HX)
    until(lambda: job not in desk._line)
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    gate.set()
    assert all(desk.taken(one) for one in jobs)


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
