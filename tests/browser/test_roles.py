"""What people of each role do and cannot do, and what an admin alone does, by clicking."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from server.erasing import Eraser, Erasing
from tests.browser.company import PASSWORD, Company, now_ms
from tests.browser.planted import plant_two_ids

pytestmark = pytest.mark.browser

Inside = tuple[Page, str]
EDITS = ("New journey", "Edit", "New segment", "Un-merge", "Erase…", "Export")
CLOSED = "Your role does not allow this"


@pytest.fixture
def another(browser: Browser) -> Iterator[Page]:
    """A page of somebody else, in a browser of their own."""
    page = browser.new_context().new_page()
    yield page
    page.context.close()


def offered(page: Page, project: str) -> set[str]:
    """What the pages offer of what changes something."""
    found: set[str] = set()
    for path in ("journeys", "journeys/trial-to-paid/funnel", "segments", "customers?q=u-together"):
        page.goto(f"{project}/{path}")
        if "customers" in path:
            page.locator("tbody a").first.click()
            expect(page.locator("h2", has_text="Links between ids")).to_be_visible()
        page.wait_for_load_state("networkidle")  # parts of a page come after it
        names = page.locator("main a, main button").all_inner_texts()
        found |= {one for one in EDITS if any(one == name.strip() for name in names)}
    return found


def opens(page: Page, project: str) -> dict[str, bool]:
    """Which of the pages that change something open."""
    paths = (
        "editor",
        "segments/edit",
        "settings/people",
        "settings/keys",
        "settings/log",
        "settings/privacy",
    )
    answers = {path: page.goto(f"{project}/{path}") for path in paths}
    return {path: answer is not None and answer.status == 200 for path, answer in answers.items()}


def test_who_is_invited_may_what_the_role_says(
    inside: Inside, another: Page, demo: tuple[Company, str]
) -> None:
    page, project = inside
    plant_two_ids(demo[0], "u-together")
    page.goto(f"{project}/settings/people")
    page.get_by_label("E-mail address").fill("ada@fernhill.example")
    page.locator("#field-role").select_option("viewer")
    page.get_by_role("button", name="Invite").click()
    link = re.search(r"/invitation/[\w-]+", page.locator("#invitation").inner_text())
    assert link
    another.goto(project.partition("/p/")[0] + link[0])
    expect(another.locator("main")).to_contain_text("as viewer")
    another.get_by_label("Your name").fill("Ada")
    another.get_by_label("Choose a password").fill(PASSWORD)
    another.get_by_role("button", name="Join").click()
    another.wait_for_url("**/p/fernhill/journeys")

    assert offered(another, project) == set()
    assert set(opens(another, project).values()) == {False}
    expect(another.locator("main")).to_contain_text(CLOSED)

    give(page, project, "editor")
    assert offered(another, project) >= {"New journey", "Edit", "New segment", "Un-merge"}
    assert "Erase…" not in offered(another, project)
    found = opens(another, project)
    assert {path for path, is_open in found.items() if is_open} == {"editor", "segments/edit"}
    another.goto(f"{project}/editor/trial-to-paid")
    another.locator("#field-owner").fill("Ada")
    another.get_by_role("button", name="Save as a new version").click()
    expect(another.locator("h1")).to_have_text("Trial to paid", timeout=60_000)

    page.goto(f"{project}/settings/log")
    expect(page.locator("main")).to_contain_text("saved the journey trial-to-paid")
    page.goto(f"{project}/settings/people")
    page.once("dialog", lambda dialog: dialog.accept())
    row(page).get_by_role("button", name="Remove").click()
    expect(row(page)).to_have_count(0)
    answer = another.goto(f"{project}/journeys")
    assert answer is not None
    assert answer.status == 404


def row(page: Page):  # type: ignore[no-untyped-def]
    """Ada's line in the list of people."""
    return page.get_by_role("row").filter(has_text="ada@fernhill.example")


def give(page: Page, project: str, role: str) -> None:
    """Give Ada another role."""
    page.goto(f"{project}/settings/people")
    row(page).get_by_label("Role of ada@fernhill.example").select_option(role)
    row(page).get_by_role("button", name="Change").click()
    expect(page.get_by_role("status").first).to_contain_text("The role is changed")


def test_a_customer_is_erased_and_leaves_a_receipt(inside: Inside, demo: tuple[Company, str]) -> None:
    page, project = inside
    page.goto(f"{project}/customers?q=u-1001")
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Erase…").click()
    name = page.locator("label[for=typed] b").inner_text()
    page.locator("#typed").fill("somebody else")
    page.get_by_role("button", name="Erase this customer").click()
    expect(page.locator("#problem-typed")).to_contain_text("This is not the id")
    page.locator("#typed").fill(name)
    page.get_by_role("button", name="Erase this customer").click()
    expect(page.get_by_role("status").first).to_contain_text("The erasure has begun")
    finish(demo[0])
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"Receipt \d")).first.click()  # the newest
    receipt = download.value.path().read_text()
    assert json.loads(receipt)["signature"]
    assert name not in receipt
    page.goto(f"{project}/customers?q={name}")
    expect(page.locator("main")).not_to_contain_text(f"{name}\n")
    expect(page.locator("tbody a")).to_have_count(0)


def finish(company: Company) -> None:
    """Let the job of the background do its work."""
    given = company.services
    stores = given.engine, given.events, given.ledger, given.settings
    seconds, now = count(0.0, 60.0), count(now_ms(), 60_000)
    job = Erasing(Eraser(*stores, now.__next__, given.refresh, seconds.__next__))
    job.turn()  # learns of it
    job.turn()
