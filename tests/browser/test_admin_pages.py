"""Every page of the admin in a real browser: it opens, reads well in light and dark, and fits any window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from store.events import EventStore
from tests.browser.accessibility import ALL, COLOURS, NARROW, barriers
from tests.browser.admin_pages import (
    BEFORE_SETUP,
    DOORS,
    ONWARDS,
    PAGES,
    Shown,
    endpoint_of,
    shown_routes,
    stand,
    wanted_routes,
)
from tests.browser.company import EMAIL, PASSWORD, Company, served_app
from tests.browser.conftest import a_company, heard, sign_in
from tests.browser.planted import app_of, plant, plant_usual
from tests.browser.widths import DESK, PHONE, WALL, out_of_window
from tests.installation import eventually

pytestmark = pytest.mark.browser

OPEN = "details[open], dialog[open], [popover]:popover-open"
OPEN_ALL = "for (const one of document.querySelectorAll('main details:not([open])')) one.open = true"


class Site(NamedTuple):
    """A company with something on every page: its app, its address, and what stands in addresses."""

    app: Flask
    address: str
    places: Mapping[str, str]


@pytest.fixture(scope="module")
def site(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A company of its own, as what is planted there would be in the way of other tests."""
    with a_company(template_db, shared_events, tmp_path_factory.mktemp("pages")) as (company, _):
        app = app_of(company)
        plant_usual(company)
        places = plant(company, app)
        with served_app(app) as address:
            yield Site(app, address, places)


class Window(NamedTuple):
    """A page for many addresses, what the browser complains about, and what was fetched."""

    page: Page
    complaints: list[str]
    fetched: list[str]


def window(page: Page) -> Window:
    fetched: list[str] = []
    page.on("response", lambda answer: fetched.append(answer.url) if answer.request.method == "GET" else None)
    return Window(page, heard(page), fetched)


@pytest.fixture(scope="module")
def desk(browser: Browser, site: Site) -> Iterator[Window]:
    page = browser.new_context(
        viewport=DESK, reduced_motion="reduce", storage_state=sign_in(browser, site.address)
    ).new_page()
    yield window(page)
    page.context.close()


@pytest.fixture(scope="module")
def outside(browser: Browser) -> Iterator[Window]:
    """The same of somebody who has not signed in."""
    page = browser.new_context(viewport=DESK).new_page()
    yield window(page)
    page.context.close()


def looked_at(shown: Shown, seen: Window, site: Site) -> None:
    """Open a page and look at it in light and dark, on a phone and on a wall."""
    page = seen.page
    seen.complaints.clear()
    seen.fetched.clear()
    page.emulate_media(color_scheme="light")
    assert shown.open(page, site.address, site.places) == shown.status

    def routes() -> set[str]:
        page.evaluate("0")  # what has come is told while one asks
        return {endpoint_of(site.app, url) for url in seen.fetched}

    assert eventually(routes, lambda found: found >= set(shown.also)) >= set(shown.also)
    stand(page)
    for chart in page.locator("[data-chart]").all():
        expect(chart.locator("canvas")).to_be_visible()
    assert barriers(page) == []
    page.evaluate(OPEN_ALL)
    is_open = page.locator(OPEN).count() > 0
    assert not is_open or barriers(page, ALL, within=OPEN) == [], "in what opens"
    page.emulate_media(color_scheme="dark")
    assert barriers(page, COLOURS) == [], "in dark"
    for size, of in ((PHONE, "a phone"), (WALL, "a wall")):
        page.set_viewport_size(size)
        assert eventually(lambda: out_of_window(page), lambda wide: not wide) == [], f"on {of}"
        if size is PHONE:
            assert barriers(page, NARROW) == [], "on a phone"
    page.set_viewport_size(DESK)
    refused = f"status of {shown.status}"
    assert [one for one in seen.complaints if refused not in one or shown.status < 400] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_well_and_fits(desk: Window, site: Site, name: str) -> None:
    looked_at(PAGES[name], desk, site)


@pytest.mark.parametrize("name", DOORS)
def test_a_door_reads_well_and_fits(outside: Window, site: Site, name: str) -> None:
    outside.page.context.clear_cookies()
    looked_at(DOORS[name], outside, site)


@pytest.mark.parametrize("name", BEFORE_SETUP)
def test_the_beginning_reads_well_and_fits(
    outside: Window, site: Site, before_setup: tuple[Company, str], name: str
) -> None:
    outside.page.context.clear_cookies()
    looked_at(BEFORE_SETUP[name], outside, site._replace(address=before_setup[1]))


def test_every_page_is_looked_at(site: Site) -> None:
    assert set(wanted_routes(site.app)) - shown_routes(site.app) == set(), "give arguments in admin_pages.py"
    assert set(wanted_routes(site.app)) >= shown_routes(site.app) - {""}


def test_routes_that_lead_on_show_nothing(desk: Window, site: Site) -> None:
    for path in ("/p?key=fernhill", "/p/fernhill/journeys/trial-to-paid"):
        assert endpoint_of(site.app, path) in ONWARDS
        answer = desk.page.context.request.get(site.address + path, max_redirects=0)
        assert answer.status == 302, path


@pytest.mark.parametrize("path", ["journeys", "journeys/trial-to-paid/funnel?days=90", "customers"])
def test_the_menu_opens_on_a_phone(phone: Page, demo: tuple[Company, str], path: str) -> None:
    phone.goto(f"{demo[1]}/p/fernhill/{path}")
    assert eventually(lambda: out_of_window(phone), lambda wide: wide == [], seconds=30) == []
    phone.get_by_role("button", name="Menu").click()
    expect(phone.get_by_role("link", name="Customers").first).to_be_visible()
    assert barriers(phone) == []


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
