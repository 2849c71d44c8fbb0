"""Pictures that do not come: what stands in their place, and how one asks again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.company import Company
from tests.browser.widths import DESK

pytestmark = pytest.mark.browser

FUNNEL = "journeys/trial-to-paid/funnel?days=90"


@pytest.fixture
def troubled(
    browser: Browser, signed_in: StorageState, demo: tuple[Company, str]
) -> Iterator[tuple[Page, str]]:
    """A page whose reader is signed in and to which not everything comes, and the address of the project."""
    page = browser.new_context(viewport=DESK, storage_state=signed_in).new_page()
    yield page, f"{demo[1]}/p/fernhill"
    page.context.close()


def test_no_picture_is_a_blank_box(troubled: tuple[Page, str]) -> None:
    page, project = troubled
    page.route("**/charts.*.js", lambda route: route.abort())
    page.goto(f"{project}/{FUNNEL}")
    expect(page.get_by_text("The picture is not drawn yet; the table says the same.").first).to_be_visible()
    assert page.locator("canvas").count() == 0
    page.unroute("**/charts.*.js")
    page.goto(f"{project}/{FUNNEL}")
    picture = page.locator('[data-chart="funnel"]')
    expect(picture.locator("canvas")).to_be_visible()
    picture.evaluate("(one) => { one.dataset.values = '{}' }")
    page.locator("[data-theme-button]").click()
    expect(picture).to_have_text("The picture cannot be drawn; the table says the same.")
    expect(page.locator('[data-chart="trend"] canvas')).to_be_visible()


@pytest.mark.parametrize("fail", ["abort", "500"])
def test_a_part_that_does_not_come_says_so_and_is_asked_for_again(
    troubled: tuple[Page, str], fail: str
) -> None:
    page, project = troubled
    answer = (lambda route: route.abort()) if fail == "abort" else (lambda route: route.fulfill(status=500))
    page.route("**/trial-to-paid/glance*", answer)
    page.goto(f"{project}/journeys?days=90")
    part = page.locator("#glance-trial-to-paid")
    expect(part).to_contain_text("This part did not come.")
    page.unroute("**/trial-to-paid/glance*")
    part.get_by_role("button", name="Try again").click()
    expect(part.get_by_role("link", name="Explain")).to_be_visible()
