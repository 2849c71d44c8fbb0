"""Deletes what is older than each project keeps; what is made of events is counted anew from what is left.

It can end anywhere: what it did not come to, the next time finds. Identities go before their events, so that
a customer without events is found again; stale runs and sessions are known by events that are missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from server.erasing import Eraser
from server.sweeping import empty_erased_drops
from store import kept
from store.events import EventStore
from store.privacy.deletion import delete_answers, delete_customers, rewrite
from store.privacy.retention import (
    Horizon,
    Report,
    customers_gone,
    delete_drops,
    delete_events,
    horizon_of,
    identities_of_customers,
    keep_report,
    stale_customers,
    would_delete,
)
from store.projects import Project, all_projects

log = logging.getLogger("waywiser.retention")

AT_ONCE = 10_000
DAILY, EMPTYING, WEEKLY = "retention.", "emptying.", "rewriting."
RECENT_MS = 3 * 3_600_000  # housekeeping comes by every hour


def tidy(on: Eraser) -> None:
    """What privacy asks of housekeeping, each time that it comes by."""
    empty_erased_drops(on.engine, since=on.clock() - RECENT_MS)
    once_a_day(on)


def once_a_day(on: Eraser) -> None:
    """Delete what is too old in all projects, once a day; write files with deleted rows anew, once a week."""
    day = datetime.fromtimestamp(on.clock() / 1000, UTC).date()
    for prefix, name, work in (
        (DAILY, day.isoformat(), lambda: retain(on, all_projects(on.engine))),
        (EMPTYING, day.isoformat(), lambda: empty_erased_drops(on.engine)),
        (WEEKLY, day.strftime("%G-W%V"), lambda: rewrite(on.events)),
    ):
        if kept.claim(on.engine, prefix + name):
            try:
                work()
            except BaseException:
                kept.give_up(on.engine, prefix + name)
                raise
            kept.forget_others(on.engine, prefix, {prefix + name})


def retain(on: Eraser, projects: Sequence[Project]) -> dict[int, Report]:
    """Delete what is too old in these projects; returns a report of each, and keeps those that say much."""
    engine, events, now = on.engine, on.events, on.clock()
    horizons = [horizon_of(engine, on.settings, one.id, now=now) for one in projects]
    reports = {one.project: would_delete(engine, events, one) for one in horizons}
    due = [one for one in horizons if reports[one.project].total]
    gone = {one.project: customers_gone(events, one) for one in due}
    for one in due:
        _forget(on, one, gone[one.project])
    if due:
        delete_events(events, due)
    for one in horizons:
        _bring_up_to_date(events, one, gone.get(one.project, []), on.refresh)
        while delete_drops(engine, one):
            pass
        report = reports[one.project]
        if not report.is_empty:
            keep_report(engine, one.project, report, now=now)
            log.info("retention deleted %d events of project %d", report.total, one.project)
    return reports


def _forget(on: Eraser, horizon: Horizon, gone: Sequence[int]) -> None:
    """Forget ids in both stores; the ledger last, which says where to go on after a crash."""
    theirs = identities_of_customers(on.engine, horizon.project, gone)
    for start in range(0, len(theirs), AT_ONCE):
        some = theirs[start : start + AT_ONCE]
        delete_answers(on.events, horizon.project, some)
        on.ledger.forget(horizon.project, some)


def _bring_up_to_date(
    events: EventStore, horizon: Horizon, gone: Sequence[int], refresh: Callable[[int, set[int]], None]
) -> None:
    if stale := stale_customers(events, horizon) - set(gone):
        refresh(horizon.project, stale)
    for start in range(0, len(gone), AT_ONCE):
        delete_customers(events, horizon.project, gone[start : start + AT_ONCE])
