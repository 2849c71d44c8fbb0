"""Photographs what the user's guide shows, into docs/guide/pictures; `make screenshots` runs this too."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.camera import settled, sign_in

FOLDER = Path(__file__).parents[2] / "docs" / "guide" / "pictures"
WIDTH = 1360
SCALE = 0.9
QUALITY = 72  # of WebP: text stays sharp, and a page takes some fifty kilobytes


@dataclass(frozen=True)
class Picture:
    """A page, how much of it is shown, and what is done on it before."""

    path: str
    height: int = 780
    before: Callable[[Page], None] = lambda _: None


def _first_customer(page: Page) -> None:
    page.locator("tbody a").first.click()


def _preview(page: Page) -> None:
    page.locator("#preview .preview-steps").wait_for(timeout=60_000)


_JOURNEY = "/p/fernhill/journeys/trial-to-paid"
DOORS = {"setup": Picture("/setup", 640)}
PAGES = {
    "install": Picture("/p/fernhill/settings/install", 900),
    "overview": Picture("/p/fernhill/journeys"),
    "editor": Picture("/p/fernhill/editor/trial-to-paid", 1000, _preview),
    "funnel": Picture(f"{_JOURNEY}/funnel?days=90", 1300),
    "dropoffs": Picture(f"{_JOURNEY}/dropoffs?days=90&step=signup&value=amount", 1280),
    "runs": Picture(f"{_JOURNEY}/runs?days=90&number=dropped_here&step=signup"),
    "paths": Picture(f"{_JOURNEY}/paths?days=90&anchor=signup&depth=4", 1180),
    "timing": Picture(f"{_JOURNEY}/timing?days=90&compare=device&from_step=signup", 1130),
    "conformance": Picture(f"{_JOURNEY}/conformance?days=90", 1080),
    "signals": Picture(f"{_JOURNEY}/signals?days=90", 1050),
    "change": Picture(f"{_JOURNEY}/change?days=30", 1100),
    "compare": Picture(f"{_JOURNEY}/compare?days=90", 940),
    "segment": Picture("/p/fernhill/segments/edit?key=looked-at-prices", 820),
    "discover": Picture("/p/fernhill/discover?days=90&value=amount", 900),
    "customer": Picture("/p/fernhill/customers?q=u-100", 1000, _first_customer),
    "merges": Picture("/p/fernhill/identities", 700),
    "live": Picture("/p/fernhill/live", 600),
    "refused": Picture("/p/fernhill/live/drops", 640),
    "health": Picture("/p/fernhill/live/health", 900),
}
PICTURES = DOORS | PAGES


def before_setup(browser: Browser, address: str) -> None:
    """What is seen while there is no account and no project."""
    _photograph(_opened(browser), address, DOORS)


def of_pages(browser: Browser, address: str) -> None:
    """Everything else, as an admin sees it."""
    page = _opened(browser)
    page.goto(f"{address}/sign-in")
    sign_in(page)
    _photograph(page, address, PAGES)


def _opened(browser: Browser) -> Page:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return browser.new_context(
        color_scheme="light", locale="en-GB", timezone_id="Europe/London", device_scale_factor=SCALE
    ).new_page()


def _photograph(page: Page, address: str, pictures: dict[str, Picture]) -> None:
    camera = page.context.new_cdp_session(page)  # Playwright's own writes no WebP
    for name, picture in pictures.items():
        page.set_viewport_size({"width": WIDTH, "height": picture.height})
        page.goto(address + picture.path)
        picture.before(page)
        settled(page)
        taken = camera.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        (FOLDER / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))
    page.context.close()
