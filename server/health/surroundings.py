"""How all stands that a Waywiser needs beside its stores: port, built files, disk, address files, mail."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from admin.assets import FOLDER as STATIC
from server.health.words import GIB, bytes_in_words
from server.opening import SNIPPET
from server.serving import CannotServe, check_port
from store.db import StoreUnavailable
from store.disk import room
from store.finding import Finding
from store.folder import folder_is_free
from store.settings import Settings
from store.words import marked, ngettext, tell

LEAST_FREE = GIB
OLD_DAYS = 90  # after so long, many addresses have moved


def surroundings(settings: Settings) -> Iterator[Finding]:
    """All but the port."""
    yield _built(marked("snippet"), SNIPPET / "w.js")
    yield _built(marked("admin assets"), STATIC / "manifest.json")
    yield _disk(settings)
    yield _database(
        marked("place"),
        settings.geoip_db,
        tell("no WAYWISER_GEOIP_DB: events get no country, which is fine"),
    )
    yield _database(
        marked("networks"),
        settings.asn_db,
        tell("no WAYWISER_ASN_DB: traffic from data centres is not recognised"),
    )
    yield Finding(marked("mail"), True, _mail(settings))


def of_port(settings: Settings) -> Finding:
    """Whether the port can be had, or is that of the Waywiser that runs."""
    place = f"{settings.host}:{settings.port}"
    try:
        check_port(settings)
    except CannotServe as error:
        running = _is_running(settings)
        return Finding(
            marked("port"),
            running,
            tell("%(place)s is taken by the Waywiser that runs", place=place) if running else str(error),
        )
    return Finding(marked("port"), True, tell("%(place)s is free", place=place))


def _is_running(settings: Settings) -> bool:
    """Whether a Waywiser runs that has the event folder."""
    with suppress(StoreUnavailable):  # of which the event store tells
        return not folder_is_free(settings.events_url)
    return False


def _built(what: str, file: Path) -> Finding:
    good = file.is_file()
    return Finding(what, good, tell("built") if good else tell("not built; run `make setup`"))


def _disk(settings: Settings) -> Finding:
    try:
        found = room(settings)
        free = found.free_bytes if found else shutil.disk_usage(Path.cwd()).free
    except OSError as error:
        return Finding(marked("disk"), False, tell("it cannot be seen: %(error)s", error=error))
    size = bytes_in_words(free)
    says = (
        tell("%(size)s free where the stores are", size=size)
        if found
        else tell("%(size)s free here; watch those of the servers, too", size=size)
    )
    if found and found.full_in_seconds is not None:
        hours = f"{found.full_in_seconds // 3600:,}"
        says = tell("%(state)s; at this pace full in %(hours)s hours", state=says, hours=hours)
    return Finding(
        marked("disk"),
        free > LEAST_FREE,
        says if free > LEAST_FREE else tell("%(state)s; make room", state=says),
    )


def _database(what: str, path: str, without: str) -> Finding:
    """A file of addresses: an old one is no failure, but worth a word."""
    if not path:
        return Finding(what, True, without)
    try:
        days = int((time.time() - Path(path).stat().st_mtime) // 86_400)
    except OSError as error:
        return Finding(
            what, False, tell("%(file)s cannot be read: %(error)s", file=path, error=error.strerror)
        )
    old = ngettext("%(num)s day old", "%(num)s days old", days, num=f"{days:,}")
    says = f"{path}, {old}"
    return Finding(what, True, tell("%(state)s: get a newer one", state=says) if days > OLD_DAYS else says)


def _mail(settings: Settings) -> str:
    if not settings.smtp_url:
        return tell("no WAYWISER_SMTP_URL: none is sent")
    return tell("from %(address)s", address=settings.mail_from)
