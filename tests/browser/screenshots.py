"""Photographs every page, light, dark and on a phone, and the guide's pictures.

`python -m tests.browser.screenshots funnel` takes only the pages whose names match,
`… funnel dark` those only in that look, and `… guide` only the guide's pictures.
"""

from __future__ import annotations

import re
import sys
import tempfile
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from journeys.segment_definitions import parse_segment
from store.db import open_db
from store.drops import DropRow
from store.events import EventStore
from store.migrate import migrate_db, migrate_events
from store.segments import save_segment
from tests.browser import guide_pictures
from tests.browser.camera import settled, sign_in
from tests.browser.chromium import opened
from tests.browser.company import EMAIL, Company, empty_company, found, now_ms, send, served

FOLDER = Path(__file__).parents[2] / "screenshots"
LOOKS = {
    "light": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "has_touch": True},
    "4k": {"viewport": {"width": 3840, "height": 2160}, "color_scheme": "light"},
}
ON_4K = re.compile("^(journeys|funnel|paths|dropoffs|customer|live)$")
PAGES = {
    "journeys": "/p/fernhill/journeys",
    "funnel": "/p/fernhill/journeys/trial-to-paid/funnel?days=90",
    "funnel-mobile": "/p/fernhill/journeys/trial-to-paid/funnel?days=90&unit=customers&device=mobile",
    "funnel-empty": "/p/fernhill/journeys/trial-to-paid/funnel?from=2020-01-01&through=2020-01-02",
    "breakdown": "/p/fernhill/journeys/trial-to-paid/breakdown?days=90",
    "breakdown-at-step": "/p/fernhill/journeys/trial-to-paid/breakdown?days=90&by=trait:plan&at=signup",
    "funnel-beside": (
        "/p/fernhill/journeys/trial-to-paid/funnel"
        "?days=30&beside=previous&against=device:mobile&breakdown=channel"
    ),
    "timing-beside": "/p/fernhill/journeys/trial-to-paid/timing?days=30&beside=previous",
    "explore": "/p/fernhill/explore?days=90&start=Signed+Up&gap=1d",
    "explore-before": "/p/fernhill/explore?days=90&start=Invoice+Paid&gap=7d&direction=before&depth=3",
    "explore-nothing": "/p/fernhill/explore",
    "paths": "/p/fernhill/journeys/trial-to-paid/paths?days=90",
    "paths-before": "/p/fernhill/journeys/support-case-solved/paths?days=90&direction=before&depth=3",
    "paths-between": "/p/fernhill/journeys/trial-to-paid/paths?days=90&until=paid&collapse=false",
    "paths-afterwards": "/p/fernhill/journeys/trial-to-paid/paths?days=90&part=afterwards&depth=3",
    "paths-compared": "/p/fernhill/journeys/trial-to-paid/paths?days=90&device=mobile&against=device:desktop",
    "timing": "/p/fernhill/journeys/trial-to-paid/timing?days=90",
    "timing-compared": "/p/fernhill/journeys/trial-to-paid/timing?days=90&compare=device&from_step=signup",
    "variants": "/p/fernhill/journeys/trial-to-paid/variants?days=90",
    "dropoffs": "/p/fernhill/journeys/trial-to-paid/dropoffs?days=90&value=amount",
    "attribution": "/p/fernhill/journeys/trial-to-paid/attribution?days=90&value=amount",
    "retention": "/p/fernhill/journeys/trial-to-paid/retention?days=90",
    "lifecycle": "/p/fernhill/lifecycle?days=90",
    "signals": "/p/fernhill/journeys/trial-to-paid/signals?days=90",
    "change": "/p/fernhill/journeys/trial-to-paid/change?days=30",
    "conformance": "/p/fernhill/journeys/trial-to-paid/conformance?days=90",
    "compare": "/p/fernhill/journeys/trial-to-paid/compare?days=90",
    "funnel-segment": "/p/fernhill/journeys/trial-to-paid/funnel?days=90&segment=looked-at-prices",
    "discover": "/p/fernhill/discover?days=90&value=amount",
    "discover-between": "/p/fernhill/discover/between?days=90&within=30d&start=Signed+Up&goal=Invoice+Paid",
    "discover-draft": "/p/fernhill/discover/draft?days=90&within=30d&start=Signed+Up&goal=Invoice+Paid",
    "discover-nobody": "/p/fernhill/discover/between?days=90&start=Nothing&goal=Invoice+Paid",
    "segments": "/p/fernhill/segments?journey=trial-to-paid",
    "segments-new": "/p/fernhill/segments/edit",
    "zero": "/p/fernhill/journeys/trial-to-paid/zero?days=90",
    "runs": "/p/fernhill/journeys/trial-to-paid/runs?days=90&number=dropped",
    "definition": "/p/fernhill/journeys/trial-to-paid/definition",
    "editor-new": "/p/fernhill/editor",
    "editor-edit": "/p/fernhill/editor/trial-to-paid",
    "customers": "/p/fernhill/customers",
    "customers-found": "/p/fernhill/customers?q=u-100",
    "accounts": "/p/fernhill/accounts",
    "sessions": "/p/fernhill/sessions",
    "sessions-bounced": "/p/fernhill/sessions?days=90&which=bounced&device=mobile",
    "sessions-empty": "/p/fernhill/sessions?from=2020-01-01&through=2020-01-02",
    "funnel-accounts": "/p/fernhill/journeys/trial-to-paid/funnel?days=90&unit=accounts",
    "live": "/p/fernhill/live",
    "live-chosen": "/p/fernhill/live?type=page",
    "drops": "/p/fernhill/live/drops",
    "health": "/p/fernhill/live/health",
    "loss": "/p/fernhill/live/health/loss",
    "robots": "/p/fernhill/live/robots",
    "install": "/p/fernhill/settings/install",
    "install-tag-manager": "/p/fernhill/settings/install?site=tag-manager&framework=django",
    "project": "/p/fernhill/settings/project",
    "keys": "/p/fernhill/settings/keys",
    "people": "/p/fernhill/settings/people",
    "privacy": "/p/fernhill/settings/privacy",
    "log": "/p/fernhill/settings/log",
    "system": "/p/fernhill/settings/system",
    "me": "/p/fernhill/me",
    "digest": "/p/fernhill/me/digest?week=last",
    "embeds": "/p/fernhill/settings/embeds",
    "path-cleaning": "/p/fernhill/settings/paths",
    "rules": "/p/fernhill/settings/rules",
    "rules-identity": "/p/fernhill/settings/rules/identity",
    "identities": "/p/fernhill/identities",
    "events": "/p/fernhill/events",
    "event": "/p/fernhill/events/one?event=Invoice+Paid",
    "plan": "/p/fernhill/plan",
    "plan-event": "/p/fernhill/plan/event?seen=Invoice+Paid",
    "not-found": "/p/fernhill/nothing-here",
}

SEGMENTS = (
    {
        "key": "looked-at-prices",
        "name": "Looked at prices before",
        "description": "Saw the price list in the 30 days before they began",
        "all": [{"did": {"page": "/pricing*"}, "before": "30d"}],
    },
    {
        "key": "by-search",
        "name": "Found us by search",
        "any": [{"field": "channel", "op": "contains", "value": "Search"}],
    },
    {
        "key": "again",
        "name": "Tries again",
        "description": "Has dropped the trial before",
        "all": [{"journey": "trial-to-paid", "state": "dropped"}],
    },
)


def main(wanted: str = "", look_wanted: str = "") -> None:
    """Set a company up in a folder of its own and photograph it."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        company = _company(Path(folder))
        browser = opened(playwright)
        with served(company) as address:
            if not wanted:
                _doors(browser, address)
            if wanted in ("", "guide"):
                guide_pictures.before_setup(browser, address)
            found(company, customers=3_000)
            _refuse_some(company)
            _save_segments(company)
            if wanted in ("", "guide"):
                guide_pictures.of_pages(browser, address)
            for look in LOOKS if wanted != "guide" else ():
                if look_wanted in ("", look):
                    _walk(browser, address, look, wanted)
        browser.close()


def _company(folder: Path) -> Company:
    engine = open_db(f"sqlite:///{folder}/waywiser.db", sync="normal")
    migrate_db(engine)
    events = EventStore(f"chdb:///{folder}/events")
    migrate_events(events)
    return empty_company(engine, events)


def _doors(browser: Browser, address: str) -> None:
    for look, options in LOOKS.items():
        page = browser.new_context(**options).new_page()
        page.goto(f"{address}/setup")
        _shoot(page, "setup", look)
        page.context.close()


def _refuse_some(company: Company) -> None:
    assert company.project is not None
    drop = DropRow(
        project=company.project.id,
        received_at=now_ms(),
        place="door",
        code="missing_identity",
        field="anonymousId",
        message="an event needs a userId or an anonymousId",
        original={
            "message": {"type": "track", "event": "Invoice Paid", "properties": {"amount": 49}},
            "received_at": now_ms(),
            "side": "server",
        },
    )
    send(company, [{"type": "track", "event": "Invoice Paid", "userId": "u-10001"}], drops=[drop] * 3)


def _save_segments(company: Company) -> None:
    assert company.project is not None
    for segment in SEGMENTS:
        source = parse_segment(segment).source
        save_segment(company.services.engine, company.project.id, source, by=EMAIL, now=now_ms())


def _walk(browser: Browser, address: str, look: str, wanted: str) -> None:
    page = browser.new_context(**LOOKS[look]).new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address}/sign-in")
    if not wanted:
        _shoot(page, "sign-in", look)
    sign_in(page)
    asked = partial(_asked, look, wanted)
    for name, path in PAGES.items():
        if asked(name):
            page.goto(address + path)
            _shoot(page, name, look)
    if asked("customer"):
        page.goto(f"{address}{PAGES['customers-found']}")
        page.locator("tbody a").first.click()
        _shoot(page, "customer", look)
    if asked("erase"):
        page.goto(f"{address}{PAGES['customers-found']}")
        page.locator("tbody a").first.click()
        page.locator('a[href$="/erase"]').click()
        _shoot(page, "erase", look)
    if asked("palette"):
        page.goto(address + PAGES["journeys"])
        page.keyboard.press("Control+k")
        page.keyboard.type("trial")
        _shoot(page, "palette", look)
    if asked("live-event"):
        page.goto(address + PAGES["live"])
        page.locator("#live-rows a").first.click()
        _shoot(page, "live-event", look)
    if asked("account"):
        page.goto(address + PAGES["accounts"])
        page.locator("tbody a").first.click()
        _shoot(page, "account", look)
    if asked("editor-preview"):
        page.goto(address + PAGES["editor-edit"])
        page.locator("#preview .preview-steps").wait_for(timeout=60_000)
        _shoot(page, "editor-preview", look)
    for problem in dict.fromkeys(problems):
        sys.stderr.write(f"{look}: {problem}\n")
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
