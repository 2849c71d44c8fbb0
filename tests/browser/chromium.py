"""Opens the system's Chromium without a window and without talking to anyone but the pages under test."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-blink-features=AutomationControlled",  # else every visit is a robot's
]


WHOLE = ("chromium", "chromium-browser", "google-chrome")
# It builds no window for each visitor, which takes a processor most of a second.
WINDOWLESS = "chromium-headless-shell"


def program(*, windowless: bool = False) -> str | None:
    """The path of the browser, or None where it is not installed.

    The one without windows is taken if it is there and asked for: it has no back-forward cache, goes without
    windows that pages open, and tells servers that it is driven.
    """
    names = (WINDOWLESS, *WHOLE) if windowless else WHOLE
    return next(filter(None, map(shutil.which, names)), None)


def opened(playwright: Playwright, *options: str, windowless: bool = False) -> Browser:
    """A browser that shows no window, and if asked, makes none."""
    path = program(windowless=windowless)
    return playwright.chromium.launch(executable_path=path, args=["--headless", *QUIET, *options])
