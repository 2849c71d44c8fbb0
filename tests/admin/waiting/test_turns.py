"""So many reports are under way at once; the others wait for their turn, and none goes on for nobody."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from admin.waiting import MOST, MOST_OF_ONE, Waiting
from journeys.answers import Answers
from store.event_errors import EventStoreError
from store.work import Work
from tests.admin.conftest import Shop
from tests.admin.tokens import without_tokens
from tests.admin.waiting.asked import CANCEL, HX, PATH, come, name_in, owners, until, waiting_of
from tests.installation import eventually
from tests.store.test_work import ENDLESS


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


def test_what_is_known_needs_no_turn(
    shop: Shop, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, given = shop.client("viewer"), replace(shop.services, waiting=Waiting(), answers=Answers())
    monkeypatch.setitem(shop.app.extensions, "waywiser", given)
    first = without_tokens(client.get(PATH).text)
    assert '<div class="stack" id="report">' in first
    desk = Waiting(patience_s=0.01)
    monkeypatch.setitem(shop.app.extensions, "waywiser", replace(given, waiting=desk))
    jobs = [desk.begin(owner, Work(), given.events, gate.wait) for owner in owners(MOST)]
    assert without_tokens(client.get(PATH).text) == first
    assert not desk._line
    assert "This report waits for its turn." in client.get(f"{PATH}&device=mobile").text
    gate.set()
    assert all(desk.taken(job) for job in jobs)
    desk.close()
