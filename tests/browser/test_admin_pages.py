"""Every page of the admin in a real browser: it opens, reads well in light and dark, and fits a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from journeys.reports import TABS
from tests.browser.accessibility import COLOURS, barriers
from tests.browser.company import EMAIL, PASSWORD, Company
from tests.browser.conftest import DESK, PHONE
from tests.installation import eventually

pytestmark = pytest.mark.browser

PATHS = [
    "journeys",
    *(f"journeys/trial-to-paid/{tab}?days=90" for tab in (*(one.name for one in TABS), "runs", "definition")),
    "discover?days=90&within=30d",
    "discover/between?days=90&within=30d&start=Signed+Up&goal=Invoice+Paid",
    "explore",
    "explore?days=90&start=Signed+Up&gap=1d",
    "segments/edit",
    "editor",
    "editor/trial-to-paid",
    "customers",
    "customers?q=u-100",
    "accounts",
    "sessions?days=90",
    "lifecycle?days=90",
    "live",
    "live/drops",
    "live/health",
    "live/health/loss",
    "live/robots",
    "settings/install",
    "settings/project",
    "settings/keys",
    "settings/people",
    "settings/log",
    "settings/embeds",
    "settings/privacy",
    "settings/system",
    "me",
    "me/digest?week=last",
    "settings/paths",
    "settings/rules",
    "settings/rules/identity",
    "identities",
    "events",
    "events/one?event=Invoice+Paid",
    "plan",
    "plan/event?seen=Invoice+Paid",
]


@pytest.mark.parametrize("path", PATHS)
def test_pages_open_without_complaints(
    desk: tuple[Page, list[str]], demo: tuple[Company, str], path: str
) -> None:
    page, complaints = desk
    complaints.clear()
    answer = page.goto(f"{demo[1]}/p/fernhill/{path}")
    assert answer is not None
    assert answer.status == 200
    page.wait_for_load_state("networkidle")
    for chart in page.locator("[data-chart]").all():
        expect(chart.locator("canvas")).to_be_visible()
    page.emulate_media(color_scheme="light")
    assert barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(page, COLOURS) == [], "in dark"
    page.set_viewport_size(PHONE)
    width = eventually(lambda: page.evaluate("document.documentElement.scrollWidth"), lambda now: now <= 360)
    assert width <= 360
    page.set_viewport_size(DESK)
    assert complaints == []


@pytest.mark.parametrize("path", ["journeys", "journeys/trial-to-paid/funnel?days=90", "customers"])
def test_the_menu_opens_on_a_phone(phone: Page, demo: tuple[Company, str], path: str) -> None:
    phone.goto(f"{demo[1]}/p/fernhill/{path}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.get_by_role("button", name="Menu").click()
    expect(phone.get_by_role("link", name="Customers").first).to_be_visible()


def test_light_and_dark_follow_the_system_and_the_button(browser: Browser, demo: tuple[Company, str]) -> None:
    page = browser.new_context(color_scheme="dark").new_page()
    page.goto(f"{demo[1]}/sign-in")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    page.context.close()
