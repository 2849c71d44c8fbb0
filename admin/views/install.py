"""Installing: the snippet and the SDK lines to paste, and whether the first event has come."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.deeds import deed
from admin.paste import STUB, paste_line, pinned_line
from admin.services import services
from journeys.timeline import latest, newest_of, recent
from store.projects import create_write_key, write_keys_of
from store.rules import rules_of

pages = Blueprint("install", __name__)
SNIPPET = "waywiser-js"


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
    """The part of the page that waits for the first event; it asks again until the snippet's is there."""
    return render_template("install/first.html", first=_newest(place), seen=_seen(place))


def _page(place: Place, server_key: str | None) -> str:
    given = services()
    open_keys = [key for key in write_keys_of(given.engine, place.project.id) if key["revoked_at"] is None]
    browser_key = next((str(key["key_text"]) for key in open_keys if key["side"] == "browser"), None)
    cookieless = rules_of(given.engine, place.project.id).cookieless
    return render_template(
        "install/page.html",
        address=given.settings.address,
        browser_key=browser_key,
        line=browser_key and paste_line(given.settings, browser_key, cookieless=cookieless),
        pinned=browser_key and pinned_line(given.settings, given.snippet, browser_key, cookieless=cookieless),
        stub=STUB,
        server_key=server_key,
        cookieless=cookieless,
        first=_newest(place),
        seen=_seen(place),
    )


def _newest(place: Place) -> dict[str, object] | None:
    given = services()
    last = latest(given.events, place.project.id)
    if last["at"] is None:
        return None
    since = int(datetime.fromisoformat(last["at"]).timestamp() * 1000)
    found = recent(given.events, place.project.id, now=given.clock(), since=since, most=1)
    return found[0] if found else None


def _seen(place: Place) -> dict[str, object] | None:
    """What the snippet sent last: no other event shows that it works."""
    given = services()
    return newest_of(given.events, place.project.id, SNIPPET, now=given.clock())
