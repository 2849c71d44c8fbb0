"""What is as good as done is shown at once, and taken back where the server refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, StorageState, expect
from sqlalchemy import Engine

from journeys.segment_definitions import parse_segment
from store import digests, sign_ins
from store.segments import delete_segment, save_segment, saved_segments
from store.users import users_of
from tests.browser.accessibility import barriers
from tests.browser.company import EMAIL, Company, now_ms
from tests.browser.conftest import DESK

pytestmark = pytest.mark.browser

Demo = tuple[Company, str]
SEGMENT = {"key": "tablets", "name": "Tablets", "all": [{"field": "device", "op": "eq", "value": "tablet"}]}


@pytest.fixture
def page(browser: Browser, signed_in: StorageState) -> Iterator[Page]:
    """A page whose reader is signed in; what is refused is an error to the browser, too."""
    context = browser.new_context(viewport=DESK, storage_state=signed_in)
    yield context.new_page()
    context.close()


@pytest.fixture
def project(demo: Demo) -> str:
    return f"{demo[1]}/p/fernhill"


@pytest.fixture
def held(page: Page) -> list[Route]:
    """What forms send, each until it is let go."""
    kept: list[Route] = []
    page.route(
        "**/p/fernhill/**", lambda one: kept.append(one) if one.request.method == "POST" else one.continue_()
    )
    return kept


def taken(page: Page, held: list[Route]) -> Route:
    """The oldest of what is held, which may be on its way yet."""
    end = time.monotonic() + 20
    while not held:
        assert time.monotonic() < end, "nothing was sent"
        page.wait_for_timeout(20)
    return held.pop(0)


@pytest.fixture
def me(demo: Demo) -> int:
    assert demo[0].project
    found = users_of(demo[0].services.engine, demo[0].project.id)
    return int(next(one["id"] for one in found if one["email"] == EMAIL))


@pytest.fixture
def elsewhere(demo: Demo, me: int) -> Iterator[int]:
    """The number of a sign-in of the reader in another browser."""
    engine = demo[0].services.engine
    sign_ins.begin(engine, me, address="192.0.2.7", agent="Elsewhere/1.0", now=now_ms())
    number = max(int(one["id"]) for one in sign_ins.sign_ins_of(engine, me, now=now_ms()))
    yield number
    sign_ins.end_one(engine, me, number)


def test_a_sign_in_elsewhere_goes_at_once(
    page: Page, project: str, held: list[Route], elsewhere: int, demo: Demo, me: int
) -> None:
    page.goto(f"{project}/me")
    row = page.get_by_role("row").filter(has_text="192.0.2.7")
    row.get_by_role("button", name="Sign out").click()
    expect(row).to_be_hidden()
    expect(page.locator("#main")).to_be_focused()
    engine = demo[0].services.engine
    assert elsewhere in {one["id"] for one in sign_ins.sign_ins_of(engine, me, now=now_ms())}, "not yet"
    taken(page, held).continue_()
    expect(page.locator("main [role=status]")).to_contain_text("That browser is signed out.")
    expect(row).to_have_count(0)
    assert elsewhere not in {one["id"] for one in sign_ins.sign_ins_of(engine, me, now=now_ms())}
    assert barriers(page) == []


def test_a_sign_in_that_was_ended_already_comes_back_with_the_reason(
    page: Page, project: str, held: list[Route], elsewhere: int, demo: Demo, me: int
) -> None:
    page.goto(f"{project}/me")
    row = page.get_by_role("row").filter(has_text="192.0.2.7")
    button = row.get_by_role("button", name="Sign out")
    button.click()
    expect(row).to_be_hidden()
    sign_ins.end_one(demo[0].services.engine, me, elsewhere)
    taken(page, held).continue_()
    expect(row).to_be_visible()
    expect(button).to_be_focused()
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#notice")).not_to_be_empty()


def test_the_digest_is_on_at_once_and_off_again_where_nobody_answers(
    page: Page, project: str, held: list[Route], demo: Demo
) -> None:
    engine = demo[0].services.engine
    page.goto(f"{project}/me")
    card = page.locator("section", has=page.get_by_role("heading", name="Weekly digest"))
    page.get_by_role("button", name="Send it to me").click()
    expect(card.get_by_text("On: each Monday")).to_be_visible()
    expect(page.get_by_role("button", name="Stop it")).to_be_focused()
    assert digests.readers(engine) == []
    taken(page, held).abort()
    expect(card.get_by_text("Off: a letter")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Send it to me").click()
    taken(page, held).continue_()
    expect(page.locator("main [role=status]")).to_contain_text("The weekly digest of Fernhill will go to")
    assert [one.email for one in digests.readers(engine)] == [EMAIL]
    page.unroute_all()
    page.get_by_role("button", name="Stop it").click()
    expect(page.locator("main [role=status]")).to_contain_text("You get no more digests")
    assert digests.readers(engine) == []


def test_the_last_admin_stays_one_and_is_told_why(page: Page, project: str, held: list[Route]) -> None:
    page.goto(f"{project}/settings/people")
    role = page.get_by_label(f"Role of {EMAIL}")
    role.select_option("viewer")
    page.get_by_role("row").filter(has_text=EMAIL).get_by_role("button", name="Change").click()
    expect(page.get_by_text("Changed", exact=True)).to_be_visible()
    taken(page, held).continue_()
    expect(page.locator("#problem-people")).to_contain_text("A project needs an admin")
    expect(role).to_have_value("admin")


def with_tablets(company: Company) -> tuple[Engine, int]:
    """Save the segment; returns where it is kept, and the number of its project."""
    assert company.project
    engine, number = company.services.engine, company.project.id
    source: Any = parse_segment(SEGMENT).source
    save_segment(engine, number, source, by=EMAIL, now=now_ms())
    return engine, number


def test_a_segment_is_gone_at_once_and_back_by_undo(
    page: Page, project: str, held: list[Route], demo: Demo
) -> None:
    engine, number = with_tablets(demo[0])
    page.goto(f"{project}/segments")
    page.get_by_role("button", name="Delete Tablets").click()
    expect(page.get_by_text("The segment tablets is deleted.")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Tablets")).to_be_hidden()
    taken(page, held).continue_()
    page.get_by_role("button", name="Undo").click()
    assert "tablets" not in {one.key for one in saved_segments(engine, number)}
    taken(page, held).continue_()
    expect(page.get_by_role("rowheader", name="Tablets")).to_be_visible()
    assert delete_segment(engine, number, "tablets", by=EMAIL, now=now_ms()), "it was there again"
