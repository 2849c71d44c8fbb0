"""From the overview to the people whom the demo's planted leak loses, by clicking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from store.events import EventStore
from tests.browser.company import Company
from tests.browser.conftest import a_company, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def demo(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Company, str]]:
    """Told until the last Sunday evening: what chance draws follows from weekday and hour.

    With so few customers the leak does not stand out clearly at each of them.
    """
    now = datetime.now(UTC)
    sunday = now - timedelta(days=(now.weekday() + 1) % 7)
    until = sunday.replace(hour=21, minute=0, second=0, microsecond=0)
    until -= timedelta(days=7 if until > now else 0)
    with a_company(template_db, shared_events, tmp_path_factory.mktemp("leak"), until=until) as company:
        yield company


@pytest.fixture(scope="module")
def signed_in(browser: Browser, demo: tuple[Company, str]) -> StorageState:
    """What the browser of a reader of this company keeps."""
    return sign_in(browser, demo[1])


def test_the_planted_leak_is_found_and_followed_to_people(inside: tuple[Page, str]) -> None:
    """Phones do not get to a first project: from the overview to a timeline without typing an address."""
    page, project = inside
    page.goto(f"{project}/journeys")
    page.get_by_role("link", name="90 days").click()
    page.get_by_role("link", name="Trial to paid").click()
    page.get_by_role("link", name="90 days").click()
    page.get_by_role("link", name="Drop-offs").click()
    page.get_by_label("Step", exact=True).select_option("signup")
    origins = page.get_by_role("region", name="Where they came from")
    expect(origins.locator("p").first).to_contain_text("device desktop (-", timeout=60_000)
    phones = origins.get_by_role("row").filter(has=page.locator("th", has_text="mobile"))
    left = phones.get_by_role("link").nth(1)
    n = left.inner_text()
    left.click()
    expect(page.locator("#runs-title")).to_contain_text(f"{n} runs", timeout=60_000)
    page.locator("tbody a").first.click()
    expect(page.locator("main")).to_contain_text("Trial to paid: run began")
    page.locator(".happening summary").last.click()
    expect(page.locator(".happening dl").last).to_contain_text("mobile")
