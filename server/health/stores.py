"""How the two stores stand, and what is in them: migrations, size, inbox, stored runs."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from journeys.runs import cut
from server.health.words import ago, bytes_in_words
from server.opening import now_ms
from store.checks import all_checks
from store.db import StoreUnavailable
from store.event_errors import EventStoreError
from store.events import EventStore
from store.finding import Finding
from store.journeys import ANSWERING, live_journeys
from store.migrate import current, newest, unapplied
from store.projects import all_projects
from store.settings import Settings
from store.sizes import events_bytes, relational_bytes
from store.vitals import inbox_state
from store.words import marked, ngettext, tell

LATE_S = 300  # an envelope that waits longer is a sign that no worker keeps up


def of_relational(engine: Engine, settings: Settings) -> Iterator[Finding]:
    """The relational store, the runs whose checks it keeps, and the inbox."""
    try:
        revision, size = current(engine), bytes_in_words(relational_bytes(engine))
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
    yield Finding(marked("relational store"), good, says if good else migrate(says))
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


def of_events(events: EventStore) -> Finding:
    """The event store."""
    try:
        n = events.query("select count() as n from events")[0]["n"]
        were_cut = [
            tell("journey version %(version)s: %(what)s", version=one.version_id, what=one.says)
            for one in cut(events)
        ]
        size, missing = bytes_in_words(events_bytes(events)), unapplied(events)
    except (EventStoreError, StoreUnavailable) as error:
        return Finding(marked("event store"), False, migrate(error))
    if missing:
        return Finding(
            marked("event store"),
            False,
            migrate(tell("%(migrations)s is not applied", migrations=", ".join(missing))),
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


def migrate(state: object) -> str:
    """What to do where a store is not as this program needs it."""
    return tell("%(state)s; run `waywiser migrate`", state=state)


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
            ago=ago(max(ended) / 1000),
        )
    return Finding(marked("runs"), True, says)
