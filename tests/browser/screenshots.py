"""Photographs every page, light, dark and on a phone, and the guide's pictures.

`python -m tests.browser.screenshots funnel` takes only the pages whose names match,
`… funnel dark` those only in that look, and `… guide` only the guide's pictures.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from store.db import open_db
from store.events import EventStore
from store.migrate import migrate_db, migrate_events
from tests.browser import guide_pictures
from tests.browser.admin_pages import BEFORE_SETUP, DOORS, PAGES, Shown
from tests.browser.camera import settled, sign_in
from tests.browser.chromium import opened
from tests.browser.company import Company, empty_company, found, served_app
from tests.browser.planted import app_of, plant, plant_usual
from tests.browser.widths import DESK, PHONE, WALL

FOLDER = Path(__file__).parents[2] / "screenshots"
LOOKS = {
    "light": {"viewport": DESK, "color_scheme": "light"},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True},
    "4k": {"viewport": WALL, "color_scheme": "light"},
}
PATIENCE_MS = 120_000  # on a machine that does much else
ON_4K = re.compile("^(journeys|funnel|paths|dropoffs|customer|live)$")


class Site(NamedTuple):
    """Where the admin is, and what stands in the addresses of its pages."""

    address: str
    places: Mapping[str, str]


def main(wanted: str = "", look_wanted: str = "") -> None:
    """Set a company up in a folder of its own and photograph it."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        company = _company(Path(folder))
        browser, app = opened(playwright), app_of(company)
        looks = [one for one in LOOKS if look_wanted in ("", one) and wanted != "guide"]
        with served_app(app) as address:
            for look in looks:
                _walk(browser, Site(address, {}), BEFORE_SETUP, look, wanted)
            if wanted in ("", "guide"):
                guide_pictures.before_setup(browser, address)
            found(company, customers=3_000)
            plant_usual(company)
            if wanted in ("", "guide"):
                guide_pictures.of_pages(browser, address)
            site = Site(address, plant(company, app))
            for look in looks:
                _walk(browser, site, DOORS, look, wanted)
                _walk(browser, site, PAGES, look, wanted)
        browser.close()


def _company(folder: Path) -> Company:
    engine = open_db(f"sqlite:///{folder}/waywiser.db", sync="normal")
    migrate_db(engine)
    events = EventStore(f"chdb:///{folder}/events")
    migrate_events(events)
    return empty_company(engine, events)


def _walk(browser: Browser, site: Site, shown: Mapping[str, Shown], look: str, wanted: str) -> None:
    """Photograph these pages in one look, with whatever the browser complains about on standard error."""
    page = browser.new_context(**LOOKS[look]).new_page()
    page.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    if shown is PAGES:
        page.goto(f"{site.address}/sign-in")
        sign_in(page)
    for name, one in shown.items():
        if not _asked(look, wanted, name):
            continue
        if shown is not PAGES:
            page.context.clear_cookies()
        one.open(page, site.address, site.places)
        _shoot(page, name, look)
        for problem in dict.fromkeys(problems):
            if f"status of {one.status}" not in problem:
                sys.stderr.write(f"{name} in {look}: {problem}\n")
        problems.clear()
    page.context.close()


def _asked(look: str, wanted: str, name: str) -> bool:
    return bool(re.search(wanted, name) and (look != "4k" or ON_4K.search(name)))


def _shoot(page: Page, name: str, look: str) -> None:
    settled(page)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        sys.stderr.write(f"{name} in {look} is {wide} pixels too wide\n")
    size = page.viewport_size
    assert size
    tall = max(size["height"], page.evaluate("document.documentElement.scrollHeight"))
    # The menu, which stands still while one scrolls, is as long as the page.
    page.set_viewport_size({"width": size["width"], "height": tall})
    page.screenshot(path=FOLDER / f"{name}.{look}.png")
    page.set_viewport_size(size)


if __name__ == "__main__":
    main(*sys.argv[1:])
