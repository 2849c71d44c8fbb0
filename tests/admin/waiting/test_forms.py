"""What a form asks for and takes long lets one write on, and comes beside what was written."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Any

import pytest

from admin.waiting import MOST, Waiting
from journeys.answers import Answers
from store.events import EventStore
from store.work import Work
from tests.admin.conftest import Shop
from tests.admin.waiting.asked import (
    BLOCKED,
    CANCEL,
    HX,
    LIMITS,
    PATHS,
    RULES,
    TEMPLATE,
    come,
    failing,
    name_in,
    owners,
    until,
    waiting_of,
)
from tests.store.test_work import ENDLESS

# Forms whose buttons ask for what takes long: who presses one, where, the form, the place, what is told.
FORMS = {
    "proposals": ("editor", f"{PATHS}/proposals", TEMPLATE, "proposed", "Nothing to propose"),
    "paths": ("editor", PATHS, TEMPLATE | {"do": "preview"}, "preview", "What it would change"),
    "identities": ("admin", f"{RULES}/identity", BLOCKED, "preview", "What it would change"),
    "sessions": ("admin", RULES, LIMITS | {"do": "sessions:preview"}, "session-changes", "With 10 minutes"),
}


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
