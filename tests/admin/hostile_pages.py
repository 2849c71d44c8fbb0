"""Every page of the admin that shows what strangers have named, with the questions that make it show that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote

from journeys.reports import BY_NAME
from store.event import identity_hash
from tests.admin.conftest import Shop
from tests.admin.every_route import address, pages
from tests.hostile import IMAGE, QUOTED, Planted

IMAGE_ASKED, QUOTED_ASKED = quote(IMAGE), quote(QUOTED)
ANSWERED = f"do=merge&a={identity_hash('user', IMAGE)}&b={identity_hash('user', QUOTED)}"
# More questions than the plain one, which a page needs to show names or to give them back.
QUESTIONS = {
    "journeys.show": ["days=30&order=stake"],
    "journey.dropoffs": [
        "days=30&most=50",
        f"days=30&step=look&value={QUOTED_ASKED}",
        "days=30&step=look&segment=h0&against=all&beside=previous",
    ],
    "journey.breakdown": [f"days=30&by={by}" for by in ("trait:name", f"property:{QUOTED_ASKED}")],
    "journey.timing": ["days=30", "days=30&compare=device"],
    "journey.funnel": ["days=30", f"days=30&device={QUOTED_ASKED}", "days=30&segment=h0"],
    "journey.compare": ["days=30", "days=30&segments=name:h0&segments=name:h1"],
    "journey.attribution": ["days=30&value=amount"],
    "journey.variants": [f"days=30&against=device:{IMAGE_ASKED}"],
    "lifecycle.show": ["days=30", f"days=30&of=buy&segment=h0&device={QUOTED_ASKED}"],
    "journey.runs": ["days=30"],
    "discovery.show": [f"days=30&start={IMAGE_ASKED}&goal={QUOTED_ASKED}"],
    "discovery.journeys": ["days=30&within=1h&value=amount"],
    "discovery.between": ["days=30&within=1h&start=Began&goal=Order+Paid"],
    "discovery.draft": [f"days=30&within=1h&start=Began&goal={QUOTED_ASKED}"],
    "discovery.csv": ["days=30&within=1h&start=Began&goal=Order+Paid"],
    "discovery.attempts": ["days=30&within=1h&start=Began&goal=Order+Paid&cell=attempts"],
    "discovery.attempts_csv": ["days=30&within=1h&start=Began&goal=Order+Paid&cell=attempts"],
    "discovery.suggest": [f"q={IMAGE_ASKED}"],
    "editor.suggest": ["", f"event={IMAGE_ASKED}", "name=name"],
    "segments.count": ["journey=buy"],
    "catalog.one": [f"event={one}" for one in (IMAGE_ASKED, QUOTED_ASKED)],
    "catalog.one_csv": [f"event={one}" for one in (IMAGE_ASKED, QUOTED_ASKED)],
    "plan.edit": [f"event={IMAGE_ASKED}", f"seen={QUOTED_ASKED}"],
    "customers.show": ["q=hostile", f"q={IMAGE_ASKED}"],
    "customers.csv": ["q=hostile"],
    "accounts.show": ["q=hostile"],
    "accounts.csv": ["q=hostile"],
    "accounts.one": [f"id={one}" for one in (IMAGE_ASKED, QUOTED_ASKED)],
    "accounts.members_csv": [f"id={one}" for one in (IMAGE_ASKED, QUOTED_ASKED)],
    "sessions.show": [f"days=30&device={QUOTED_ASKED}"],
    "segments.edit": ["key=h0", "key=h3"],
    "lifecycle.customers": ["days=30&by=month&cell=new:month:2026-03-01T00:00:00.000Z"],
    "lifecycle.customers_csv": ["days=30&by=month&cell=new:month:2026-03-01T00:00:00.000Z"],
    "live.drops": ["", f"code={IMAGE_ASKED}", "preview=1"],
    "identities.ask": [ANSWERED],
    "live.events": ["", f"event={IMAGE_ASKED}&customer={IMAGE_ASKED}"],
    "explore.csv": [f"start={IMAGE_ASKED}&gap=7d"],
    "explore.show": [f"start={IMAGE_ASKED}&gap=7d{more}" for more in ("", "&direction=before")],
    "palette.find": ["", f"q={IMAGE_ASKED}"],
    "palette.customers": ["q=hostile", f"q={IMAGE_ASKED}"],
}
# Values for the parts of an address, where one does not show all.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "journey.csv": [{"tab": tab} for tab in (*BY_NAME, "runs")],
    "discovery.csv": [{"name": name} for name in ("journeys", "ways", "steps")],
    "ingestion.csv": [
        {"tab": tab} for tab in ("loss", "services", "robots", "times", "libraries", "reasons")
    ],
    "lifecycle.csv": [{"name": name} for name in ("lifecycle", "cohorts")],
    "editor.suggest": [
        {"what": what} for what in ("event", "page", "property", "trait", "trait_value", "field")
    ],
    "segments.count": [{"key": "h0"}],
}


# Pages that need to be led to, by an address that another page of the project links.
LED_TO = {
    "journey.customers": "journeys/buy/zero?days=30",
    "journey.customers_csv": "journeys/buy/zero?days=30",
    "explore.visits": f"explore?start={IMAGE_ASKED}&gap=7d",
    "explore.visits_csv": f"explore?start={IMAGE_ASKED}&gap=7d",
    "live.event": "live",
}


# Pages on which nothing stands that somebody else could have named.
PLAIN = {
    "sign_in.front",
    "sign_in.show",
    "sign_in.ask_code",
    "passwords.forgotten",
    "passwords.choose",
    "digest_stop.show",
    "invitations.show",
    "setup.show",
    "projects.go",
    "projects.show",  # names projects, which their own admins have named
    "segments.count",
    "discovery.journeys",  # where so few do the same, there is none
    "journey.show",  # leads to the funnel
    "journey.filling",
    "journeys.see",
    "journeys.pulse",
    "journeys.pulse_csv",
    "lifecycle.show",
    "lifecycle.csv",
    "explore.visits_csv",  # tells customers' numbers and when they came
    "identity_rules.progress",
    "system.show",  # tells of the installation alone
    "erasure.receipt",  # there is none before the erasure is done, and it names nobody
}


def hostile_pages(shop: Shop, planted: Planted) -> Iterator[tuple[str, str]]:
    """Each page by its endpoint, with every address under which it is looked at."""
    values = {"customer": planted.customer, "token": planted.embed}
    for rule, method in pages(shop.app):
        if method != "GET":
            continue
        if rule.endpoint in LED_TO:
            yield rule.endpoint, _linked(shop, LED_TO[rule.endpoint], address(shop.app, rule))
            continue
        for parts in VARIANTS.get(rule.endpoint, [{}]):
            where = address(shop.app, rule, **values, **parts)
            for question in QUESTIONS.get(rule.endpoint, ["days=30"]):
                yield rule.endpoint, f"{where}?{question}"


def _linked(shop: Shop, page: str, path: str) -> str:
    text = shop.client("admin").get(f"/p/shop/{page}").text
    found = re.search(rf'href="({re.escape(path.removesuffix(".csv"))}\?[^"]*)"', text)
    assert found, f"{page} leads to no {path}"
    return unescape(found[1]).replace("?", ".csv?", 1) if path.endswith(".csv") else unescape(found[1])
