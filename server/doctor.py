"""Examines an installation and says, for each part, whether it is as it must be and what to do if not.

The command opens the parts by itself; the page *System health* has those of the process that runs.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from admin.assets import FOLDER as STATIC
from collector.counters import Counters
from journeys.runs import cut
from server.chore import Chore
from server.opening import SNIPPET, NotMigrated, now_ms, open_events, open_relational
from server.serving import CannotServe, check_port
from store.checks import all_checks
from store.db import StoreUnavailable
from store.disk import room
from store.event_errors import EventStoreError
from store.events import EventStore
from store.finding import Finding
from store.folder import folder_is_free
from store.journeys import ANSWERING, live_journeys
from store.migrate import current, newest, unapplied
from store.projects import all_projects
from store.settings import BadSetting, Settings
from store.sizes import events_bytes, relational_bytes
from store.vitals import inbox_state
from store.words import marked, ngettext, tell

GIB = 1 << 30
LEAST_FREE = GIB
LATE_S = 300  # an envelope that waits longer is a sign that no worker keeps up
OLD_DAYS = 90  # after so long, many addresses have moved


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
        *_of_relational(engine, settings),
        _of_events(events),
        *_worker(counters),
        *_busy(busy(), busy_accounts()),
        *(finding for chore in chores for finding in _chore(chore)),
        *_surroundings(settings),
    ]


def _parts(settings: Settings) -> Iterator[Finding]:
    yield from _relational(settings)
    yield _events(settings)
    yield _port(settings)
    yield from _surroundings(settings)


def _surroundings(settings: Settings) -> Iterator[Finding]:
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


def _version() -> Finding:
    return Finding(marked("version"), True, version("waywiser"))


def _relational(settings: Settings) -> Iterator[Finding]:
    try:
        engine = open_relational(settings)
    except (StoreUnavailable, NotMigrated) as error:
        yield Finding(marked("relational store"), False, str(error))
    else:
        yield from _of_relational(engine, settings)
        engine.dispose()


def _of_relational(engine: Engine, settings: Settings) -> Iterator[Finding]:
    try:
        revision, size = current(engine), _size(relational_bytes(engine))
        inbox = inbox_state(engine, settings, now=now_ms())
    except (SQLAlchemyError, OSError) as error:
        yield Finding(
            marked("relational store"),
            False,
            tell("it does not answer: %(error)s", error=str(error).splitlines()[0]),
        )
        return
    says = tell(
        "%(kind)s, %(size)s; migrated to %(revision)s",
        kind=engine.dialect.name,
        size=size,
        revision=revision,
    )
    good = revision == newest()
    yield Finding(marked("relational store"), good, says if good else _migrate(says))
    waits = tell(
        "%(waiting)s envelopes wait, of %(limit)s that may",
        waiting=f"{inbox.waiting:,}",
        limit=f"{inbox.limit:,}",
    )
    if good:
        yield _runs(engine)
    if not inbox.waiting:
        yield Finding(marked("inbox"), True, waits)
        return
    is_late = inbox.oldest_seconds > LATE_S
    waits = tell(
        "%(state)s; the oldest since %(seconds)s s", state=waits, seconds=f"{inbox.oldest_seconds:,}"
    )
    late = tell("%(state)s: is the worker running?", state=waits)
    yield Finding(marked("inbox"), not is_late, late if is_late else waits)


def _events(settings: Settings) -> Finding:
    try:
        if not folder_is_free(settings.events_url):
            return Finding(marked("event store"), True, tell("in use by a Waywiser that runs"))
        events = open_events(settings)
    except Exception as error:
        return Finding(marked("event store"), False, _migrate(error))
    try:
        return _of_events(events)
    finally:
        events.close()


def _of_events(events: EventStore) -> Finding:
    try:
        n = events.query("select count() as n from events")[0]["n"]
        were_cut = [
            tell("journey version %(version)s: %(what)s", version=one.version_id, what=one.says)
            for one in cut(events)
        ]
        size, missing = _size(events_bytes(events)), unapplied(events)
    except (EventStoreError, StoreUnavailable) as error:
        return Finding(marked("event store"), False, _migrate(error))
    if missing:
        return Finding(
            marked("event store"),
            False,
            _migrate(tell("%(migrations)s is not applied", migrations=", ".join(missing))),
        )
    where = (
        tell("embedded")
        if events.embedded
        else tell("cluster %(name)s", name=events.cluster)
        if events.cluster
        else tell("server")
    )
    says = tell("%(where)s, %(n)s events, %(size)s; migrated", where=where, n=f"{n:,}", size=size)
    return Finding(marked("event store"), True, "; ".join([says, *were_cut]))


def _runs(engine: Engine) -> Finding:
    """What the last checks of stored runs found, all projects together."""
    checks, bad, ended = all_checks(engine), [], []
    for project in all_projects(engine):
        for one in live_journeys(engine, project.id):
            check = checks.get(one.id)
            if one.status not in ANSWERING or check is None or check.state != "done":
                continue  # nothing is known of these
            if check.ended_at < (one.filled_at or 0):
                continue  # it speaks of runs that have been counted anew since
            ended.append(check.ended_at)
            if not check.is_good:
                names = {"journey": one.definition["key"], "project": project.key}
                says = tell("%(journey)s of project %(project)s: %(found)s", found=check.says, **names)
                bad.append(says)
    if bad:
        return Finding(marked("runs"), False, "; ".join(bad))
    if not ended:
        says = tell("not checked yet: a sample of each journey's is, once a day")
    else:
        says = ngettext(
            "samples of %(num)s journey are as their events make them; checked %(ago)s",
            "samples of %(num)s journeys are as their events make them; the last was checked %(ago)s",
            len(ended),
            ago=_ago(max(ended) / 1000),
        )
    return Finding(marked("runs"), True, says)


def _worker(counters: Counters) -> Iterator[Finding]:
    """Where a worker of this process has done something. Another one's lag shows in the inbox."""
    state = counters.snapshot(now_ms())
    if state["batches"] or state["failures"]:
        at = counters.last_batch_at
        says = tell(
            "%(done)s; %(pace)s events/s, %(failures)s batches tried again",
            done=tell("the last batch %(ago)s", ago=_ago(at / 1000)) if at else tell("no batch yet"),
            pace=state["events_per_second"],
            failures=f"{state['failures']:,}",
        )
        yield Finding(marked("worker"), True, says)


def _busy(n: int, accounts: int) -> Iterator[Finding]:
    """Whose runs may be a little late, as there is so much of them."""
    if n:
        says = ngettext(
            "%(num)s customer has so many events that the runs are counted about once a minute",
            "%(num)s customers have so many events that their runs are counted about once a minute",
            n,
            num=f"{n:,}",
        )
        yield Finding(marked("busy customers"), True, says)
    if accounts:
        says = ngettext(
            "%(num)s account has so many events that the runs are counted about once a minute",
            "%(num)s accounts have so many events that their runs are counted about once a minute",
            accounts,
            num=f"{accounts:,}",
        )
        yield Finding(marked("busy accounts"), True, says)


def _chore(chore: Chore) -> Iterator[Finding]:
    if not chore.is_at_work:
        return  # it is another process's
    if chore.last is None:
        yield Finding(chore.name, True, tell("at its first turn"))
    elif chore.last.problem:
        yield Finding(
            chore.name,
            False,
            tell("failed %(ago)s: %(problem)s", ago=_ago(chore.last.at), problem=chore.last.problem),
        )
    else:
        yield Finding(chore.name, True, tell("done %(ago)s", ago=_ago(chore.last.at)))


def _port(settings: Settings) -> Finding:
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
    with suppress(StoreUnavailable):  # of which `_events` tells
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
    size = _size(free)
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


def _migrate(state: object) -> str:
    return tell("%(state)s; run `waywiser migrate`", state=state)


def _size(size: int) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / (1 << 20):.1f} MiB"


def _ago(at: float) -> str:
    return tell("%(seconds)s s ago", seconds=f"{max(0, time.time() - at):,.0f}")
