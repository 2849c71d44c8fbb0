"""Opens the system's Chromium without a window and without talking to anyone but the pages under test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright, sync_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def program() -> str | None:
    """The path of the browser, or None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def opened(playwright: Playwright, *options: str) -> Browser:
    """A browser without a window."""
    return playwright.chromium.launch(executable_path=program(), args=["--headless", *QUIET, *options])


@contextmanager
def browser(*options: str) -> Iterator[Browser]:
    """A browser for as long as the block lasts, with more command-line options."""
    with sync_playwright() as playwright:
        chromium = opened(playwright, *options)
        yield chromium
        chromium.close()
