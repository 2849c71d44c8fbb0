"""Installing: the lines to paste for the site and the servers, and whether events come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.arriving import arrivals, is_at_home
from admin.deeds import deed
from admin.paste import STUB, pinned_line
from admin.sdk_lines import FRAMEWORKS, KEY, sdk_lines
from admin.services import services
from admin.site_lines import SITES, site_lines
from store.projects import create_write_key, write_keys_of
from store.rules import rules_of

pages = Blueprint("install", __name__)


@pages.get("/p/<project>/settings/install")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """What to paste, and the state of arrival."""
    return _page(place, server_key=None)


@pages.post("/p/<project>/settings/install/server-key")
@needs("admin", does=deed("made a server key"))
def make_server_key(place: Place) -> ResponseReturnValue:
    """Make a server key and show it this once."""
    given = services()
    return _page(
        place,
        server_key=create_write_key(given.engine, place.project.id, side="server", now=given.clock()),
    )


@pages.get("/p/<project>/settings/install/first")
@needs("viewer")
def first(place: Place) -> ResponseReturnValue:
    """What has come and what was refused: the part of the page that asks again and again."""
    return render_template("install/first.html", **_state(place))


def _page(place: Place, server_key: str | None) -> str:
    given, state = services(), _state(place)
    site, framework = _chosen("site", SITES), _chosen("framework", FRAMEWORKS)
    key = state["browser_key"]
    cookieless = rules_of(given.engine, place.project.id).cookieless
    return render_template(
        "install/page.html",
        **state,
        sites=SITES,
        site=site,
        lines=key and site_lines(site, given.settings, key, cookieless=cookieless),
        pinned=key and pinned_line(given.settings, given.snippet, key, cookieless=cookieless),
        stub=STUB,
        frameworks=FRAMEWORKS,
        framework=framework,
        sdk=sdk_lines(framework, write_key=server_key or KEY, address=given.settings.address),
        server_key=server_key,
        cookieless=cookieless,
    )


def _state(place: Place) -> dict[str, Any]:
    """How events arrive, with the browser key in use and what it is bound to."""
    given = services()
    keys = [key for key in write_keys_of(given.engine, place.project.id) if key["revoked_at"] is None]
    browser = next((key for key in keys if key["side"] == "browser"), None)
    return {
        "arrivals": arrivals(given, place.project),
        "address": given.settings.address,
        "is_at_home": is_at_home(given.settings.address),
        "browser_key": browser and str(browser["key_text"]),
        "origins": browser["origins"] if browser else [],
    }


def _chosen(name: str, offered: Mapping[str, str]) -> str:
    """Which of those offered the address asks for, or the first."""
    names = list(offered)
    asked = request.args.get(name, "")
    return asked if asked in names else names[0]
