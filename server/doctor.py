"""Examines an installation and says, for each part, whether it is as it must be and what to do if not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from admin.assets import FOLDER as STATIC
from journeys.runs import cut
from server.house import NotMigrated, open_relational
from server.serving import CannotServe, check_port
from server.wsgi import SNIPPET
from store.db import StoreUnavailable
from store.events import EventStore
from store.folder import folder_is_free
from store.inbox import waiting
from store.settings import BadSetting, Settings

LEAST_FREE = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was examined."""

    what: str
    good: bool
    says: str


def examine() -> list[Finding]:
    """All findings; the rest is left out when the settings cannot be read."""
    try:
        settings = Settings.read()
    except BadSetting as error:
        return [Finding("settings", False, str(error))]
    return [Finding("settings", True, "all can be read"), *_parts(settings)]


def _parts(settings: Settings) -> Iterator[Finding]:
    yield _relational(settings)
    yield _events(settings)
    yield _port(settings)
    yield _built("snippet", SNIPPET / "w.js")
    yield _built("admin assets", STATIC / "manifest.json")
    yield _disk()
    if settings.geoip_db:
        yield Finding("place", True, settings.geoip_db)
    else:
        yield Finding("place", True, "no WAYWISER_GEOIP_DB: events get no country, which is fine")


def _relational(settings: Settings) -> Finding:
    try:
        engine = open_relational(settings)
    except (StoreUnavailable, NotMigrated) as error:
        return Finding("relational store", False, str(error))
    return Finding("relational store", True, f"migrated; {waiting(engine)} envelopes wait in the inbox")


def _events(settings: Settings) -> Finding:
    if not folder_is_free(settings.events_url):
        return Finding("event store", True, "in use by a Waywiser that runs")
    try:
        events = EventStore(settings.events_url)
        n = events.query("select count() as n from events")[0]["n"]
        were_cut = "".join(f"; journey version {one.version_id}: {one.says}" for one in cut(events))
        events.close()
    except Exception as error:
        return Finding("event store", False, f"{error}; run `waywiser migrate`")
    return Finding("event store", True, f"{n:,} events{were_cut}")


def _port(settings: Settings) -> Finding:
    place = f"{settings.host}:{settings.port}"
    try:
        check_port(settings)
    except CannotServe as error:
        running = not folder_is_free(settings.events_url)
        return Finding(
            "port", running, f"{place} is taken by the Waywiser that runs" if running else str(error)
        )
    return Finding("port", True, f"{place} is free")


def _built(what: str, file: Path) -> Finding:
    good = file.is_file()
    return Finding(what, good, "built" if good else "not built; run `make setup`")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    says = f"{free / (1 << 30):.1f} GiB free here"
    return Finding("disk", free > LEAST_FREE, says if free > LEAST_FREE else f"{says}; make room")
