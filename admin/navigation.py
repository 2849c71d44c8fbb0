"""Where one can go: the entries of the menu, which the palette offers too."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask

from admin.access import Place


class Entry(NamedTuple):
    """One page of the menu: its endpoint, name, icon and section, and the least role that may see it."""

    endpoint: str
    name: str
    picture: str
    section: str
    role: str = "viewer"


MAIN = (
    Entry("journeys.show", "Journeys", "route", "journeys"),
    Entry("discovery.show", "Discover", "search", "discovery"),
    Entry("explore.show", "Explore", "compass", "explore"),
    Entry("segments.show", "Segments", "filter", "segments"),
    Entry("customers.show", "Customers", "users", "customers"),
    Entry("accounts.show", "Accounts", "building", "accounts"),
    Entry("sessions.show", "Sessions", "clock", "sessions"),
    Entry("lifecycle.show", "Lifecycle", "history", "lifecycle"),
    Entry("identities.show", "Refused merges", "git-merge", "identities"),
    Entry("catalog.show", "Events", "list-details", "catalog"),
    Entry("plan.show", "Tracking plan", "target", "plan"),
    Entry("live.events", "Live events", "activity", "live"),
    Entry("live.drops", "Refused events", "inbox", "drops"),
    Entry("ingestion.health", "Health", "server", "health"),
    Entry("ingestion.robots", "Robots", "robot", "robots"),
)
SETTINGS = (
    Entry("install.show", "Install", "plug", "install"),
    Entry("routes.show", "Path cleaning", "file-text", "routes", "editor"),
    Entry("rules.show", "Data rules", "settings", "rules", "admin"),
    Entry("erasure.show", "Privacy", "lock", "privacy", "admin"),
    Entry("embeds.show", "Shared links", "send", "embeds", "editor"),
    Entry("keys.show", "Keys and tokens", "key", "keys", "admin"),
    Entry("people.show", "People", "user-circle", "people", "admin"),
    Entry("log.show", "Audit log", "history", "log", "admin"),
    Entry("system.show", "System health", "server", "system", "admin"),
)


def register(app: Flask) -> None:
    """Give templates the menu."""
    app.jinja_env.globals["MENU"] = {"main": MAIN, "settings": SETTINGS}


def open_to(place: Place) -> list[Entry]:
    """The entries that a person may see."""
    return [entry for entry in (*MAIN, *SETTINGS) if place.may(entry.role)]
