"""A browser, and two companies to look at: one before set-up, one with the demo's customers."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, StorageState, expect
from sqlalchemy import Engine

from store.db import open_db
from store.events import EventStore
from store.migrate import migrate_events
from tests.browser.chromium import QUIET, opened, program
from tests.browser.company import EMAIL, PASSWORD, Company, empty_company, found, served
from tests.browser.stage import Ground
from tests.browser.stage import served as served_site
from tests.browser.widths import DESK, PHONE

HOSTS = "--host-resolver-rules=MAP *.test 127.0.0.1"  # sites of several names
expect.set_options(timeout=20_000)  # other processes want the cores, too
# What a page was asking for when one left it; of a failure htmx says which one in a line of its own.
LEFT = ("htmx:sendAbort", "htmx:afterRequest")
FORM_REFUSED = "status of 422"  # the browser's note about a form that came back with its problems


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium without a window."""
    running = opened(playwright, windowless=True)
    yield running
    running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; whatever the browser complains about fails the test, refused script and style too."""
    page = browser.new_context(viewport=DESK).new_page()
    complaints = heard(page)
    yield page
    page.context.close()
    assert complaints == []


def heard(page: Page) -> list[str]:
    """What the browser will complain about on this page."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        is_left = message.text.startswith(LEFT)
        if message.type == "error" and FORM_REFUSED not in message.text and not is_left:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.fixture
def before_setup(engine: Engine, events: EventStore) -> Iterator[tuple[Company, str]]:
    """An installation that nobody has set up, and its address."""
    company = empty_company(engine, events)
    with served(company) as address:
        yield company, address


@contextmanager
def a_company(
    template_db: Path, shared_events: EventStore, folder: Path, *, until: datetime | None = None
) -> Iterator[tuple[Company, str]]:
    """A company with some hundred customers and three journeys, told until then, and its address."""
    path = folder / "waywiser.db"
    shutil.copy(template_db, path)
    engine = open_db(f"sqlite:///{path}", sync="normal")
    events = shared_events.sibling(f"t_{uuid.uuid4().hex[:12]}")
    migrate_events(events)
    company = empty_company(engine, events)
    found(company, customers=600, until=until)
    with served(company) as address:
        yield company, address
    events.command(f"drop database if exists `{events.database}`")
    events.close()
    engine.dispose()


@pytest.fixture(scope="session")
def demo(
    template_db: Path, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Company, str]]:
    """A company that many files share: what they do to it, others see."""
    with a_company(template_db, shared_events, tmp_path_factory.mktemp("company")) as demo:
        yield demo


def sign_in(browser: Browser, address: str) -> StorageState:
    """What a browser keeps whose reader has signed in."""
    page = browser.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/p/fernhill/journeys")
    kept = page.context.storage_state()
    page.context.close()
    return kept


@pytest.fixture(scope="session")
def signed_in(browser: Browser, demo: tuple[Company, str]) -> StorageState:
    """The same of the company that is shared."""
    return sign_in(browser, demo[1])


@pytest.fixture
def inside(page: Page, demo: tuple[Company, str], signed_in: StorageState) -> tuple[Page, str]:
    """A page whose reader is signed in, and the address of the project."""
    page.context.add_cookies(signed_in["cookies"])
    return page, f"{demo[1]}/p/fernhill"


@pytest.fixture(scope="module")
def phone(browser: Browser, signed_in: StorageState) -> Iterator[Page]:
    """The same on a telephone."""
    page = browser.new_context(viewport=PHONE, has_touch=True, storage_state=signed_in).new_page()
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser that keeps pages in its back-forward cache, as browsers of visitors do."""
    running = playwright.chromium.launch(
        executable_path=program(),
        args=["--headless", *QUIET, HOSTS],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield running
    running.close()


@pytest.fixture(scope="module")
def ground(
    chromium: Browser, shared_events: EventStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """A collector process and a site for the scenarios of one file."""
    store = shared_events.sibling(f"t_{uuid.uuid4().hex[:12]}")
    migrate_events(store)
    settings = {"SNIPPET_PATH": "/assets/stats.js", "SERVER_COOKIE": "true"}
    ground = Ground(tmp_path_factory.mktemp("scenarios"), chromium, store, **settings)
    with ground.installation, served_site(ground.site):
        ground.open()
        yield ground
    store.command(f"drop database if exists `{store.database}`")
    store.close()
    ground.engine.dispose()
