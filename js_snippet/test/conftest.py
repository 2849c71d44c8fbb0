"""Builds the snippet, starts the browser and gives every test a fresh site, collector and browser profile."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from js_snippet.test.capture import Collector, Site, bench
from tests.browser.chromium import QUIET, program

ROOM = Path(__file__).parent.parent
HOSTS = "--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.co.uk 127.0.0.1"


@pytest.fixture(scope="session")
def built() -> None:
    """The script as the sources say now."""
    node = shutil.which("node")
    if not node or not (ROOM / "node_modules").is_dir():
        pytest.fail("the snippet cannot be built: install Node 20 or newer, then run `npm ci` in js_snippet/")
    done = subprocess.run([node, "build.mjs"], cwd=ROOM, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"the snippet does not build:\n{done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def browser(built: None) -> Iterator[Browser]:
    if program() is None:
        pytest.fail("there is no Chromium here: install the package `chromium` of the system")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=program(),
                args=["--headless", *QUIET, HOSTS],
                ignore_default_args=["--disable-back-forward-cache"],
            )
        except Error as error:
            pytest.fail(f"Chromium does not start: {error.message}")
        yield browser
        browser.close()


@pytest.fixture
def servers() -> Iterator[tuple[Site, Collector]]:
    with bench() as pair:
        yield pair


@pytest.fixture
def site(servers: tuple[Site, Collector]) -> Site:
    return servers[0]


@pytest.fixture
def collector(servers: tuple[Site, Collector]) -> Collector:
    return servers[1]


@pytest.fixture
def profile(browser: Browser, collector: Collector) -> Iterator[BrowserContext]:
    """A visitor's browser: closing a page in it keeps cookies and storage.

    Pages send what they have when they are closed, so that a test which expects too little fails at its end.
    """
    context = browser.new_context(
        locale="de-CH", timezone_id="Europe/Zurich", viewport={"width": 1000, "height": 700}
    )
    yield context
    for page in context.pages:
        page.close()
    collector.wait_until_quiet(0.1)
    context.close()
    collector.check()
