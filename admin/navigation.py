"""Where one can go: the entries of the menu, which the palette offers too."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask

from admin.access import Place
from store.words import marked


class Entry(NamedTuple):
    """One page of the menu: its endpoint, name, icon and section, and the least role that may see it."""

    endpoint: str
    name: str
    picture: str
    section: str
    role: str = "viewer"


MAIN = (
    Entry("journeys.show", marked("Journeys"), "route", "journeys"),
    Entry("discovery.show", marked("Discover"), "search", "discovery"),
    Entry("explore.show", marked("Explore"), "compass", "explore"),
    Entry("segments.show", marked("Segments"), "filter", "segments"),
    Entry("customers.show", marked("Customers"), "users", "customers"),
    Entry("accounts.show", marked("Accounts"), "building", "accounts"),
    Entry("sessions.show", marked("Sessions"), "clock", "sessions"),
    Entry("lifecycle.show", marked("Lifecycle"), "history", "lifecycle"),
    Entry("identities.show", marked("Refused merges"), "git-merge", "identities"),
    Entry("catalog.show", marked("Events"), "list-details", "catalog"),
    Entry("plan.show", marked("Tracking plan"), "target", "plan"),
    Entry("live.events", marked("Live events"), "activity", "live"),
    Entry("live.drops", marked("Refused events"), "inbox", "drops"),
    Entry("ingestion.health", marked("Health"), "server", "health"),
    Entry("ingestion.robots", marked("Robots"), "robot", "robots"),
)
SETTINGS = (
    Entry("install.show", marked("Install"), "plug", "install"),
    Entry("routes.show", marked("Path cleaning"), "file-text", "routes", "editor"),
    Entry("rules.show", marked("Data rules"), "settings", "rules", "admin"),
    Entry("erasure.show", marked("Privacy"), "lock", "privacy", "admin"),
    Entry("embeds.show", marked("Shared links"), "send", "embeds", "editor"),
    Entry("projects.show", marked("Project"), "world", "project", "admin"),
    Entry("keys.show", marked("Keys and tokens"), "key", "keys", "admin"),
    Entry("people.show", marked("People"), "user-circle", "people", "admin"),
    Entry("log.show", marked("Audit log"), "history", "log", "admin"),
    Entry("system.show", marked("System health"), "server", "system", "admin"),
)


def register(app: Flask) -> None:
    """Give templates the menu."""
    app.jinja_env.globals["MENU"] = {"main": MAIN, "settings": SETTINGS}


def open_to(place: Place) -> list[Entry]:
    """The entries that a person may see."""
    return [entry for entry in (*MAIN, *SETTINGS) if place.may(entry.role)]
