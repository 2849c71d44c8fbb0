"""Examines an installation and says, for each part, whether it is as it must be and what to do if not.

The command opens the parts by itself; the page *System health* has those of the process that runs.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from admin.assets import FOLDER as STATIC
from collector.counters import Counters
from journeys.runs import cut
from server.chore import Chore
from server.opening import SNIPPET, NotMigrated, now_ms, open_relational
from server.serving import CannotServe, check_port
from store.db import StoreUnavailable
from store.disk import room
from store.events import EventStore, EventStoreError
from store.finding import Finding
from store.folder import folder_is_free
from store.migrate import current, newest, unapplied
from store.settings import BadSetting, Settings
from store.sizes import events_bytes, relational_bytes
from store.vitals import inbox_state

GIB = 1 << 30
LEAST_FREE = GIB
LATE_S = 300  # an envelope that waits longer is a sign that no worker keeps up
OLD_DAYS = 90  # after so long, many addresses have moved


def examine() -> list[Finding]:
    """All findings; the rest is left out when the settings cannot be read."""
    try:
        settings = Settings.read()
    except BadSetting as error:
        return [Finding("settings", False, str(error))]
    return [_version(), Finding("settings", True, "all can be read"), *_parts(settings)]


def running(
    engine: Engine, events: EventStore, settings: Settings, *, counters: Counters, chores: Iterable[Chore]
) -> list[Finding]:
    """The same of a Waywiser that runs, by the stores that it has open, and how its jobs are getting on.

    `counters` are the worker's. What belongs to other processes is left out.
    """
    return [
        _version(),
        *_of_relational(engine, settings),
        _of_events(events),
        *_worker(counters),
        *(finding for chore in chores for finding in _chore(chore)),
        *_surroundings(settings),
    ]


def _parts(settings: Settings) -> Iterator[Finding]:
    yield from _relational(settings)
    yield _events(settings)
    yield _port(settings)
    yield from _surroundings(settings)


def _surroundings(settings: Settings) -> Iterator[Finding]:
    yield _built("snippet", SNIPPET / "w.js")
    yield _built("admin assets", STATIC / "manifest.json")
    yield _disk(settings)
    yield _database("place", settings.geoip_db, "no WAYWISER_GEOIP_DB: events get no country, which is fine")
    yield _database(
        "networks", settings.asn_db, "no WAYWISER_ASN_DB: traffic from data centres is not recognised"
    )
    yield Finding("mail", True, _mail(settings))


def _version() -> Finding:
    return Finding("version", True, version("waywiser"))


def _relational(settings: Settings) -> Iterator[Finding]:
    try:
        engine = open_relational(settings)
    except (StoreUnavailable, NotMigrated) as error:
        yield Finding("relational store", False, str(error))
    else:
        yield from _of_relational(engine, settings)
        engine.dispose()


def _of_relational(engine: Engine, settings: Settings) -> Iterator[Finding]:
    try:
        revision, size = current(engine), _size(relational_bytes(engine))
        inbox = inbox_state(engine, settings, now=now_ms())
    except (SQLAlchemyError, OSError) as error:
        yield Finding("relational store", False, f"it does not answer: {str(error).splitlines()[0]}")
        return
    says = f"{engine.dialect.name}, {size}; migrated to {revision}"
    good = revision == newest()
    yield Finding("relational store", good, says if good else f"{says}; run `waywiser migrate`")
    waits = f"{inbox.waiting:,} envelopes wait, of {inbox.limit:,} that may"
    if not inbox.waiting:
        yield Finding("inbox", True, waits)
        return
    is_late = inbox.oldest_seconds > LATE_S
    waits = f"{waits}; the oldest since {inbox.oldest_seconds:,} s"
    yield Finding("inbox", not is_late, f"{waits}: is the worker running?" if is_late else waits)


def _events(settings: Settings) -> Finding:
    if not folder_is_free(settings.events_url):
        return Finding("event store", True, "in use by a Waywiser that runs")
    try:
        events = EventStore(settings.events_url)
    except Exception as error:
        return Finding("event store", False, f"{error}; run `waywiser migrate`")
    try:
        return _of_events(events)
    finally:
        events.close()


def _of_events(events: EventStore) -> Finding:
    try:
        n = events.query("select count() as n from events")[0]["n"]
        were_cut = "".join(f"; journey version {one.version_id}: {one.says}" for one in cut(events))
        size, missing = _size(events_bytes(events)), unapplied(events)
    except (EventStoreError, StoreUnavailable) as error:
        return Finding("event store", False, f"{error}; run `waywiser migrate`")
    if missing:
        return Finding("event store", False, f"{', '.join(missing)} is not applied; run `waywiser migrate`")
    where = "embedded" if events.embedded else f"cluster {events.cluster}" if events.cluster else "server"
    return Finding("event store", True, f"{where}, {n:,} events, {size}; migrated{were_cut}")


def _worker(counters: Counters) -> Iterator[Finding]:
    """Where a worker of this process has done something. Another one's lag shows in the inbox."""
    state = counters.snapshot(now_ms())
    if state["batches"] or state["failures"]:
        at = counters.last_batch_at
        done = f"the last batch {_ago(at / 1000)}" if at else "no batch yet"
        says = f"{done}; {state['events_per_second']} events/s, {state['failures']:,} batches tried again"
        yield Finding("worker", True, says)


def _chore(chore: Chore) -> Iterator[Finding]:
    if not chore.is_at_work:
        return  # it is another process's
    if chore.last is None:
        yield Finding(chore.name, True, "at its first turn")
    elif chore.last.problem:
        yield Finding(chore.name, False, f"failed {_ago(chore.last.at)}: {chore.last.problem}")
    else:
        yield Finding(chore.name, True, f"done {_ago(chore.last.at)}")


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


def _disk(settings: Settings) -> Finding:
    try:
        found = room(settings)
        free = found.free_bytes if found else shutil.disk_usage(Path.cwd()).free
    except OSError as error:
        return Finding("disk", False, f"it cannot be seen: {error}")
    says = (
        f"{_size(free)} free {'where the stores are' if found else 'here; watch those of the servers, too'}"
    )
    if found and found.full_in_seconds is not None:
        says = f"{says}; at this pace full in {found.full_in_seconds // 3600:,} hours"
    return Finding("disk", free > LEAST_FREE, says if free > LEAST_FREE else f"{says}; make room")


def _database(what: str, path: str, without: str) -> Finding:
    """A file of addresses: an old one is no failure, but worth a word."""
    if not path:
        return Finding(what, True, without)
    try:
        days = int((time.time() - Path(path).stat().st_mtime) // 86_400)
    except OSError as error:
        return Finding(what, False, f"{path} cannot be read: {error.strerror}")
    says = f"{path}, {'1 day' if days == 1 else f'{days:,} days'} old"
    return Finding(what, True, f"{says}: get a newer one" if days > OLD_DAYS else says)


def _mail(settings: Settings) -> str:
    return f"from {settings.mail_from}" if settings.smtp_url else "no WAYWISER_SMTP_URL: none is sent"


def _size(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / (1 << 20):.1f} MiB"


def _ago(at: float) -> str:
    return f"{max(0, time.time() - at):,.0f} s ago"
