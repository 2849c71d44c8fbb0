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


def program() -> str | None:
    """The path of the browser, or None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def opened(playwright: Playwright, *options: str) -> Browser:
    """A browser without a window."""
    return playwright.chromium.launch(executable_path=program(), args=["--headless", *QUIET, *options])
