"""What every photographer of the admin needs: to be signed in, and to wait until a page stands still."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Page, TimeoutError, expect

from tests.browser.company import EMAIL, PASSWORD


def sign_in(page: Page) -> None:
    """Through the sign-in page, which must be open."""
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def settled(page: Page) -> None:
    """Wait until what the page fetches by itself is there and pictures have stopped moving."""
    with suppress(TimeoutError):  # what asks for news all the time is never idle
        page.wait_for_load_state("networkidle", timeout=15_000)
    page.wait_for_timeout(700)
    expect(page.locator(".htmx-request")).to_have_count(0, timeout=20_000)
    page.wait_for_timeout(100)
