"""What takes long, in a real browser: it comes by itself, is cancelled, and ends when one leaves."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from admin.waiting import Job
from journeys.questions import text
from store.events import EventStore
from store.identity import Ledger
from tests.browser.accessibility import barriers
from tests.browser.company import Company

pytestmark = pytest.mark.browser


@pytest.fixture
def quick(demo: tuple[Company, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Reports are under way in the engine until this is set; the cards of the overview are there without."""
    gate, query, waiting = threading.Event(), EventStore.query, demo[0].services.waiting
    cards = text("overview.counted").splitlines()[0]

    def held(self: EventStore, sql: str, *more: Any) -> Any:
        is_held = self._work is not None and not sql.startswith(cards)
        while is_held and not gate.is_set():  # in bites, so that it can be let go, too
            query(self, "select sum(sipHash64(number)) as n from numbers(3000000)")
        return query(self, sql, *more)

    monkeypatch.setattr(EventStore, "query", held)
    monkeypatch.setattr(waiting, "_patience_s", 0.05)
    yield gate
    waiting.close()
    gate.set()  # what the page asks for meanwhile


def under_way(demo: tuple[Company, str], page: Page) -> Job:
    """What the page waits for; a part of the page before may be under way yet."""
    name = page.locator("[data-work]").get_attribute("data-work") or ""
    return demo[0].services.waiting._jobs[name]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_a_report_that_takes_long_comes_by_itself(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event
) -> None:
    page, project = inside
    jobs = demo[0].services.waiting._jobs
    earlier = {*jobs}  # of a page that was left
    page.goto(f"{project}/journeys/trial-to-paid/timing?days=89")
    expect(
        page.get_by_text("This report takes a while").and_(page.locator(":not(#report-says)"))
    ).to_be_visible()
    expect(page.get_by_role("link", name="Timing")).to_be_visible()
    expect(page.locator("#report")).to_contain_text("rows", timeout=30_000)
    assert barriers(page) == []
    cancel = page.get_by_role("button", name="Cancel")
    cancel.focus()
    before = page.locator("#report-progress").inner_text()
    with page.expect_request(lambda one: "work=" in one.url) as asked:  # and says when it last heard of it
        pass
    assert re.search(r"[?&]heard=\d{13}\b", asked.value.url)
    until(lambda: page.locator("#report-progress").inner_text() != before)
    expect(cancel).to_be_focused()
    quick.set()
    expect(page.locator("#report [data-chart] canvas").first).to_be_visible(timeout=30_000)
    expect(
        page.get_by_text("This report takes a while").and_(page.locator(":not(#report-says)"))
    ).to_have_count(0)
    assert page.url.endswith("timing?days=89")
    page.locator("summary", has_text="Segment").click()
    assert page.locator("#bar-device option").count() > 1
    until(lambda: {*jobs} <= earlier)


def test_cancelling_ends_the_question(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event
) -> None:
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/timing?days=88")
    expect(
        page.get_by_text("This report takes a while").and_(page.locator(":not(#report-says)"))
    ).to_be_visible()
    job = under_way(demo, page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=30_000)
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    until(lambda: job.progress == (0, 0))
    quick.set()
    page.get_by_role("link", name="Ask again").click()
    expect(page.locator("#report [data-chart] canvas").first).to_be_visible(timeout=30_000)


def test_who_leaves_ends_the_question(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event
) -> None:
    page, project = inside
    page.goto(f"{project}/journeys/trial-to-paid/timing?days=87")
    expect(
        page.get_by_text("This report takes a while").and_(page.locator(":not(#report-says)"))
    ).to_be_visible()
    job = under_way(demo, page)
    page.goto(f"{project}/me")
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"


ELSEWHERE = {
    "discover?days=86": "At stake",
    "discover/between?days=86&start=page:/app/projects&goal=event:Project Created": "Reached the goal",
    "explore?days=86&start=/app/projects": "What comes after “/app/projects”",
    "customers?q=example": "By ids ever seen",
    "journeys/trial-to-paid/runs?days=86": "All who entered:",
    "lifecycle?days=86": "Who comes back after the first touchpoint",
    "me/digest?week=last": "how the journeys went",
}


@pytest.mark.parametrize("path", ELSEWHERE)
def test_other_pages_come_by_themselves_too(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event, path: str
) -> None:
    page, project = inside
    jobs = demo[0].services.waiting._jobs
    before = {*jobs}  # of a page that was left
    page.goto(f"{project}/{path}")
    waits = page.get_by_text("This report takes a while").and_(page.locator(":not(#report-says)"))
    expect(waits).to_be_visible()
    assert barriers(page) == []
    quick.set()
    expect(page.get_by_text(ELSEWHERE[path]).first).to_be_visible(timeout=60_000)
    expect(waits).to_have_count(0)
    expect(page.locator("main")).to_have_count(1)
    assert page.url.endswith(path.replace(" ", "%20"))
    until(lambda: {*jobs} <= before)


def test_who_types_on_ends_the_search_before(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event
) -> None:
    page, project = inside
    page.goto(f"{project}/customers?q=nobod")
    expect(
        page.get_by_text("This report takes a while").and_(page.locator(":not(#report-says)"))
    ).to_be_visible()
    job = under_way(demo, page)
    page.get_by_role("searchbox").press_sequentially("y")
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    quick.set()
    expect(page.get_by_text("Nobody found")).to_be_visible(timeout=60_000)


def test_a_preview_that_takes_long_is_cancelled_by_hand_and_by_the_next_change(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event
) -> None:
    page, project = inside
    page.goto(f"{project}/editor/trial-to-paid")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Counting for")
    expect(page.locator("#draft-yaml")).to_contain_text("key: trial-to-paid")
    name = preview.locator("[data-work]").get_attribute("data-work") or ""
    first = demo[0].services.waiting._jobs[name]
    page.locator("#field-goal").fill("Money")
    expect(page.locator("#draft-yaml")).to_contain_text("goal: Money")
    until(first.found.done)
    preview.get_by_role("button", name="Cancel").click()
    expect(preview).to_contain_text("Cancelled.")
    expect(preview.locator(".comes-late")).to_have_count(0)
    quick.set()
    preview.get_by_role("button", name="Count again").click()
    expect(preview).to_contain_text("runs succeed", timeout=60_000)
    expect(preview).not_to_contain_text("Cancelled.")


def test_parts_of_the_overview_come_by_themselves_or_are_cancelled(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event
) -> None:
    page, project = inside
    page.goto(f"{project}/journeys?days=85")
    card = page.locator("#glance-trial-to-paid")
    expect(card).to_contain_text("Counting for", timeout=60_000)
    expect(page.locator("#pulse")).to_contain_text("Counting for", timeout=60_000)
    assert barriers(page) == []
    name = card.locator("[data-work]").get_attribute("data-work") or ""
    job = demo[0].services.waiting._jobs[name]
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_contain_text("Cancelled.", timeout=60_000)
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    quick.set()
    expect(page.locator("#pulse")).to_contain_text("events in 30 minutes", timeout=60_000)
    # A link, or a button where the card had asked how far it is just before it was cancelled.
    card.get_by_text("Ask again", exact=True).click()
    expect(card.get_by_role("link", name="Explain")).to_be_visible(timeout=60_000)


def test_a_preview_of_templates_is_cancelled_and_comes_below_what_is_typed_on(
    inside: tuple[Page, str], demo: tuple[Company, str], quick: threading.Event
) -> None:
    page, project = inside
    page.goto(f"{project}/settings/paths")
    proposed = page.locator("#proposed")
    expect(proposed).to_contain_text("Counting for", timeout=60_000)
    ask_again = proposed.get_by_role("button", name="Ask again")
    expect(ask_again).to_have_count(0)
    proposed.get_by_role("button", name="Cancel").click()
    expect(proposed).to_contain_text("Cancelled.", timeout=60_000)
    ask_again.click()
    expect(proposed).to_contain_text("Counting for", timeout=60_000)
    page.get_by_role("button", name="Add a template").click()
    page.get_by_label("Template 1").fill("/app/projects/:id")
    page.get_by_label("Template 1").press("Enter")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Counting for", timeout=60_000)
    assert barriers(page) == []
    name = preview.locator("[data-work]").get_attribute("data-work") or ""
    job = demo[0].services.waiting._jobs[name]
    preview.get_by_role("button", name="Cancel").click()
    expect(preview).to_contain_text("Cancelled.", timeout=60_000)
    assert type(job.found.exception(timeout=60)).__name__ == "Cancelled"
    page.get_by_role("button", name="Preview the change").click()
    expect(preview).to_contain_text("Counting for", timeout=60_000)
    page.get_by_label("Template 1").press("End")
    page.get_by_label("Template 1").press_sequentially("/more")
    quick.set()
    expect(preview).to_contain_text("Nothing is changed yet", timeout=60_000)
    expect(page.get_by_label("Template 1")).to_have_value("/app/projects/:id/more")
    expect(page.locator("#proposed")).not_to_contain_text("Counting for", timeout=60_000)


def test_a_preview_of_identity_rules_is_cancelled_and_a_wrong_rule_is_marked_where_it_stands(
    inside: tuple[Page, str], quick: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, going_on = Ledger.preview_rules, threading.Event()

    def looking(self: Ledger, *asked: Any, progress: Callable[[int, int], None]) -> Any:
        while not going_on.wait(0.05):
            progress(1_000, 3_000)
        return look(self, *asked, progress=progress)

    monkeypatch.setattr(Ledger, "preview_rules", looking)
    page, project = inside
    page.goto(f"{project}/settings/rules/identity")
    neighbours, preview = page.get_by_label("Most links of one id"), page.locator("#preview")
    neighbours.fill("many")
    page.get_by_role("button", name="Preview the change").click()
    expect(neighbours).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is changed yet.")
    neighbours.fill("20")
    neighbours.press("Enter")
    expect(preview).to_contain_text("1,000 of about 3,000 rows read", timeout=60_000)
    assert barriers(page) == []
    preview.get_by_role("button", name="Cancel").click()
    expect(preview).to_contain_text("Cancelled.", timeout=60_000)
    preview.get_by_role("button", name="Ask again").click()
    expect(preview).to_contain_text("Counting for", timeout=60_000)
    going_on.set()
    expect(preview.get_by_role("button", name="Apply these rules")).to_be_visible(timeout=60_000)
    expect(neighbours).to_have_value("20")
