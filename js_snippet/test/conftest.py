"""Builds the snippet, starts the browser and gives every test a fresh site, collector and browser profile."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Playwright, sync_playwright

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
def playwright(built: None) -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with opened(playwright, program(windowless=True)) as browser:
        yield browser


@pytest.fixture(scope="session")
def whole_browser(playwright: Playwright) -> Iterator[Browser]:
    """One with windows and a back-forward cache, for the tests that are marked so."""
    with opened(playwright, program()) as browser:
        yield browser


def opened(playwright: Playwright, path: str | None) -> Browser:
    if path is None:
        pytest.fail("there is no Chromium here: install the package `chromium` of the system")
    try:
        return playwright.chromium.launch(
            executable_path=path,
            args=["--headless", *QUIET, HOSTS],
            ignore_default_args=["--disable-back-forward-cache"],
        )
    except Error as error:
        pytest.fail(f"Chromium does not start: {error.message}")


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
def profile(request: pytest.FixtureRequest, collector: Collector) -> Iterator[BrowserContext]:
    """A visitor's browser: closing a page in it keeps cookies and storage.

    Pages send what they have when they are closed, so that a test which expects too little fails at its end.
    """
    is_whole = request.node.get_closest_marker("whole_browser")
    browser: Browser = request.getfixturevalue("whole_browser" if is_whole else "browser")
    context = browser.new_context(
        locale="de-CH", timezone_id="Europe/Zurich", viewport={"width": 1000, "height": 700}
    )
    yield context
    for page in context.pages:
        page.close()
    collector.wait_until_quiet(0.1)
    context.close()
    collector.check()
