"""Every page of the admin, with what one asks and does there: axe-core, the widths and the camera go through.

`tests/browser/test_admin_pages.py` holds the list against the routes of the app: a page that nobody has given
arguments to fails it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException

from journeys.reports import TABS
from tests.admin.every_route import pages
from tests.browser.company import EMAIL, PASSWORD
from tests.browser.planted import CAREFUL, LONELY
from tests.installation import eventually

P = "/p/fernhill"
JOURNEY = f"{P}/journeys/trial-to-paid"
BETWEEN = "days=90&within=30d&start=Signed+Up&goal=Invoice+Paid"
# What nothing is to be fetched or counted for any more.
STANDS = "document.querySelectorAll('.htmx-request, .glance .comes-late, [data-work]').length === 0"
# Routes that answer GET with another address.
ONWARDS = {"journey.show", "projects.go"}


def _nothing(_page: Page) -> None:
    """One only looks."""


def stand(page: Page) -> None:
    """Wait until nothing of the page is still to come."""
    page.wait_for_load_state()
    assert eventually(lambda: page.evaluate(STANDS), bool, seconds=90), f"{page.url} still waits"


@dataclass(frozen=True)
class Shown:
    """A page: its address, what is done before one looks, and which further routes have answered by then."""

    path: str
    then: Callable[[Page], None] = _nothing
    also: tuple[str, ...] = ()
    status: int = 200

    def open(self, page: Page, address: str, places: Mapping[str, str]) -> int:
        """Go there and do it; returns the status of the answer."""
        answer = page.goto(address + self.path.format_map(places))
        assert answer is not None
        self.then(page)
        stand(page)
        return answer.status


def link(part: str) -> Callable[[Page], None]:
    """Follow the first link whose address has this part."""
    return lambda page: page.locator(f'main a[href*="{part}"]').first.click()


def button(name: str) -> Callable[[Page], None]:
    """Press the button of this name."""
    return lambda page: page.get_by_role("button", name=name).first.click()


def sign_in_as(email: str) -> Callable[[Page], None]:
    """Through the sign-in page."""

    def enter(page: Page) -> None:
        page.fill("#email", email)
        page.fill("#password", PASSWORD)
        button("Sign in")(page)
        page.wait_for_url(lambda url: urlsplit(url).path != "/sign-in")

    return enter


def _refused(page: Page) -> None:
    page.fill("#email", EMAIL)
    page.fill("#password", "not this one")
    button("Sign in")(page)
    page.locator(".problem, .is-invalid, [role='alert']").first.wait_for()


def _suggestions(page: Page) -> None:
    page.locator("main input[role='combobox']").first.focus()
    page.keyboard.press("ArrowDown")
    page.locator("[role='listbox']:visible [role='option']").first.wait_for()


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("u-100")


def _segment_popup(page: Page) -> None:
    page.locator("summary", has_text="Segment").click()


def _meaning(page: Page) -> None:
    page.locator("main button.meaning").first.click()


INTO_VIEW = """async (part) => {
    part.scrollIntoView()
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
}"""


def _every_card(page: Page) -> None:
    """What a card adds is fetched once it is seen."""
    for part in page.locator(".glance").all():
        part.evaluate(INTO_VIEW)  # whether or not what is fetched takes its place meanwhile
    page.evaluate("scrollTo(0, 0)")


def _preview(page: Page) -> None:
    page.locator("#preview .preview-steps").wait_for(timeout=60_000)


BEFORE_SETUP = {"setup": Shown("/setup")}
# For whoever has not signed in.
DOORS = {
    "sign-in": Shown("/sign-in"),
    "sign-in-refused": Shown("/sign-in", _refused),
    "sign-in-code": Shown("/sign-in", sign_in_as(CAREFUL), ("sign_in.ask_code",)),
    "no-project": Shown("/sign-in", sign_in_as(LONELY), ("sign_in.front",)),
    "password-forgotten": Shown("/password"),
    "password-new": Shown("/password/{password}"),
    "password-over": Shown("/password/nothing", status=404),
    "invitation": Shown("/invitation/{invitation}"),
    "digest-stop": Shown("/digest/stop/{stop}"),
    "link-funnel": Shown("/embed/{link_funnel}"),
    "link-trend": Shown("/embed/{link_trend}"),
    "link-paths": Shown("/embed/{link_paths}"),
    "link-timing": Shown("/embed/{link_timing}"),
    "link-over": Shown("/embed/{link_over}", status=410),
}
PAGES = {
    "journeys": Shown(f"{P}/journeys", _every_card, ("journeys.pulse", "journeys.see")),
    **{tab.name: Shown(f"{JOURNEY}/{tab.name}?days=90") for tab in TABS},
    "funnel-mobile": Shown(f"{JOURNEY}/funnel?days=90&unit=customers&device=mobile", _segment_popup),
    "funnel-empty": Shown(f"{JOURNEY}/funnel?from=2020-01-01&through=2020-01-02"),
    "funnel-accounts": Shown(f"{JOURNEY}/funnel?days=90&unit=accounts"),
    "funnel-segment": Shown(f"{JOURNEY}/funnel?days=90&segment=looked-at-prices", _meaning),
    "funnel-beside": Shown(
        f"{JOURNEY}/funnel?days=30&beside=previous&against=device:mobile&breakdown=channel"
    ),
    "breakdown-at-step": Shown(f"{JOURNEY}/breakdown?days=90&by=trait:plan&at=signup"),
    "timing-beside": Shown(f"{JOURNEY}/timing?days=30&beside=previous"),
    "timing-compared": Shown(f"{JOURNEY}/timing?days=90&compare=device&from_step=signup"),
    "paths-before": Shown(f"{P}/journeys/support-case-solved/paths?days=90&direction=before&depth=3"),
    "paths-between": Shown(f"{JOURNEY}/paths?days=90&until=paid&collapse=false"),
    "paths-afterwards": Shown(f"{JOURNEY}/paths?days=90&part=afterwards&depth=3"),
    "paths-compared": Shown(f"{JOURNEY}/paths?days=90&device=mobile&against=device:desktop"),
    "dropoffs-step": Shown(f"{JOURNEY}/dropoffs?days=90&step=signup&value=amount"),
    "zero-customers": Shown(f"{JOURNEY}/zero?days=90", link("/zero/customers?"), ("journey.customers",)),
    "runs": Shown(f"{JOURNEY}/runs?days=90&number=dropped"),
    "definition": Shown(f"{JOURNEY}/definition"),
    "definition-versions": Shown(
        f"{P}/journeys/support-case-solved/definition", also=("journey.beside_version",)
    ),
    "definition-filling": Shown(f"{P}/journeys/yearly-renewal/definition", also=("journey.filling",)),
    "editor-new": Shown(f"{P}/editor", _suggestions, ("editor.suggest",)),
    "editor-edit": Shown(f"{P}/editor/trial-to-paid", _preview),
    "segments": Shown(f"{P}/segments?journey=trial-to-paid", also=("segments.count",)),
    "segments-new": Shown(f"{P}/segments/edit"),
    "segments-edit": Shown(f"{P}/segments/edit?key=again"),
    "discover": Shown(
        f"{P}/discover?days=90&value=amount", _suggestions, ("discovery.suggest", "discovery.journeys")
    ),
    "discover-between": Shown(f"{P}/discover/between?{BETWEEN}"),
    "discover-nobody": Shown(f"{P}/discover/between?days=90&start=Nothing&goal=Invoice+Paid"),
    "discover-attempts": Shown(
        f"{P}/discover/between?{BETWEEN}", link("/discover/attempts?"), ("discovery.attempts",)
    ),
    "discover-draft": Shown(f"{P}/discover/draft?{BETWEEN}"),
    "explore": Shown(f"{P}/explore?days=90&start=Signed+Up&gap=1d"),
    "explore-before": Shown(f"{P}/explore?days=90&start=Invoice+Paid&gap=7d&direction=before&depth=3"),
    "explore-nothing": Shown(f"{P}/explore"),
    "explore-visits": Shown(
        f"{P}/explore?days=90&start=Signed+Up&gap=1d", link("/explore/visits?"), ("explore.visits",)
    ),
    "customers": Shown(f"{P}/customers"),
    "customers-found": Shown(f"{P}/customers?q=u-100"),
    "customer": Shown(f"{P}/customers/{{customer}}"),
    "erase": Shown(f"{P}/customers/{{customer}}/erase"),
    "accounts": Shown(f"{P}/accounts"),
    "account": Shown(f"{P}/accounts", link("/accounts/one?"), ("accounts.one",)),
    "sessions": Shown(f"{P}/sessions?days=90"),
    "sessions-bounced": Shown(f"{P}/sessions?days=90&which=bounced&device=mobile"),
    "sessions-empty": Shown(f"{P}/sessions?from=2020-01-01&through=2020-01-02"),
    "lifecycle": Shown(f"{P}/lifecycle?days=90"),
    "lifecycle-customers": Shown(
        f"{P}/lifecycle?days=90", link("/lifecycle/customers?"), ("lifecycle.customers",)
    ),
    "live": Shown(f"{P}/live"),
    "live-chosen": Shown(f"{P}/live?type=page"),
    "live-event": Shown(f"{P}/live", link("/live/event?"), ("live.event",)),
    "drops": Shown(f"{P}/live/drops?preview=1"),
    "health": Shown(f"{P}/live/health", also=("ingestion.loss",)),
    "loss": Shown(f"{P}/live/health/loss"),
    "robots": Shown(f"{P}/live/robots"),
    "events": Shown(f"{P}/events"),
    "event": Shown(f"{P}/events/one?event=Invoice+Paid"),
    "plan": Shown(f"{P}/plan"),
    "plan-event": Shown(f"{P}/plan/event?seen=Invoice+Paid"),
    "identities": Shown(f"{P}/identities"),
    "identity-question": Shown(f"{P}/identities", link("/identities/answer?"), ("identities.ask",)),
    "install": Shown(f"{P}/settings/install", also=("install.first",)),
    "install-tag-manager": Shown(f"{P}/settings/install?site=tag-manager&framework=django"),
    "project": Shown(f"{P}/settings/project"),
    "keys": Shown(f"{P}/settings/keys"),
    "people": Shown(f"{P}/settings/people"),
    "privacy": Shown(f"{P}/settings/privacy"),
    "privacy-preview": Shown(f"{P}/settings/privacy", button("What would go?")),
    "log": Shown(f"{P}/settings/log"),
    "system": Shown(f"{P}/settings/system"),
    "embeds": Shown(f"{P}/settings/embeds"),
    "path-cleaning": Shown(f"{P}/settings/paths"),
    "path-cleaning-preview": Shown(f"{P}/settings/paths", button("Preview the change")),
    "rules": Shown(f"{P}/settings/rules"),
    "rules-sessions": Shown(f"{P}/settings/rules", button("Show what would change")),
    "rules-identity": Shown(f"{P}/settings/rules/identity", also=("identity_rules.progress",)),
    "rules-identity-preview": Shown(f"{P}/settings/rules/identity", button("Preview the change")),
    "me": Shown(f"{P}/me"),
    "digest": Shown(f"{P}/me/digest?week=last"),
    "palette": Shown(f"{P}/journeys", _palette, ("palette.find", "palette.customers")),
    "not-found": Shown(f"{P}/nothing-here", status=404),
}
EVERY_PAGE = BEFORE_SETUP | DOORS | PAGES


def endpoint_of(app: Flask, url: str) -> str:
    """The route that answers GET at an address; '' where none does."""
    path = re.sub(r"\{\w+\}", "1", urlsplit(url).path)
    try:
        return str(app.url_map.bind("localhost").match(path, "GET")[0])
    except HTTPException:
        return ""


def shown_routes(app: Flask) -> set[str]:
    """The routes that the list goes to."""
    return {one for shown in EVERY_PAGE.values() for one in (endpoint_of(app, shown.path), *shown.also)}


def wanted_routes(app: Flask) -> Iterator[str]:
    """The routes that answer GET with what a browser shows: neither a file nor another address."""
    for rule, method in pages(app):
        if method == "GET" and "." not in rule.rule.rpartition("/")[2] and rule.endpoint not in ONWARDS:
            yield rule.endpoint
