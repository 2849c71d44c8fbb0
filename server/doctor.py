"""Examines an installation and says, for each part, whether it is as it must be and what to do if not.

The command opens the parts by itself; the page *System health* has those of the process that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version

from sqlalchemy import Engine

from collector.counters import Counters
from server.chore import Chore
from server.health.jobs import of_busy, of_chore, of_worker
from server.health.stores import migrate, of_events, of_relational
from server.health.surroundings import of_port, surroundings
from server.opening import NotMigrated, open_events, open_relational
from store.db import StoreUnavailable
from store.events import EventStore
from store.finding import Finding
from store.folder import folder_is_free
from store.settings import BadSetting, Settings
from store.words import marked, tell


def examine() -> list[Finding]:
    """All findings; the rest is left out when the settings cannot be read."""
    try:
        settings = Settings.read()
    except BadSetting as error:
        return [Finding(marked("settings"), False, str(error))]
    return [_version(), Finding(marked("settings"), True, tell("all can be read")), *_parts(settings)]


def running(
    engine: Engine,
    events: EventStore,
    settings: Settings,
    *,
    counters: Counters,
    chores: Iterable[Chore],
    busy: Callable[[], int] = lambda: 0,
    busy_accounts: Callable[[], int] = lambda: 0,
) -> list[Finding]:
    """The same of a Waywiser that runs, by the stores that it has open, and how its jobs are getting on.

    `counters` are the worker's, `busy` and `busy_accounts` say how many are put off. What belongs to other
    processes is left out.
    """
    return [
        _version(),
        *of_relational(engine, settings),
        of_events(events),
        *of_worker(counters),
        *of_busy(busy(), busy_accounts()),
        *(finding for chore in chores for finding in of_chore(chore)),
        *surroundings(settings),
    ]


def _parts(settings: Settings) -> Iterator[Finding]:
    yield from _relational(settings)
    yield _events(settings)
    yield of_port(settings)
    yield from surroundings(settings)


def _version() -> Finding:
    return Finding(marked("version"), True, version("waywiser"))


def _relational(settings: Settings) -> Iterator[Finding]:
    try:
        engine = open_relational(settings)
    except (StoreUnavailable, NotMigrated) as error:
        yield Finding(marked("relational store"), False, str(error))
    else:
        yield from of_relational(engine, settings)
        engine.dispose()


def _events(settings: Settings) -> Finding:
    try:
        if not folder_is_free(settings.events_url):
            return Finding(marked("event store"), True, tell("in use by a Waywiser that runs"))
        events = open_events(settings)
    except Exception as error:
        return Finding(marked("event store"), False, migrate(error))
    try:
        return of_events(events)
    finally:
        events.close()
