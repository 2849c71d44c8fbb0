"""What one process has begun can be waited for and cancelled through another one."""

from __future__ import annotations

import copy
import html
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from admin.app import create_app
from admin.waiting import MOST, Waiting
from store.cancelling import Cancelling
from store.work import Work
from tests.admin.conftest import NOW, Shop
from tests.admin.waiting.asked import BLOCKED, CANCEL, HX, PATH, RULES, name_in, owners, until, waiting_of


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
