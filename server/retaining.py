"""Deletes what is older than each project keeps; what is made of events is counted anew from what is left.

It can end anywhere: what it did not come to, the next time finds. Identities go before their events, so that
a customer without events is found again; stale runs and sessions are known by events that are missing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from server.erasing import Eraser
from server.sweeping import empty_erased_drops
from store import kept
from store.identity.graph import chunks
from store.journeys import kept_versions
from store.privacy.deletion import (
    delete_answers,
    delete_customers,
    delete_former_runs,
    inserts_under_way,
    rewrite,
)
from store.privacy.horizon import Horizon, horizon_of
from store.privacy.leaving import leaving
from store.privacy.retention import (
    CUSTOMERS_AT_ONCE,
    Report,
    customers_gone,
    customers_seen,
    customers_told,
    delete_drops,
    delete_events,
    keep_report,
    stale_customers,
    would_delete,
)
from store.projects import Project, all_projects

log = logging.getLogger("waywiser.retention")

AT_ONCE = 10_000
DAILY, EMPTYING, WEEKLY = "retention.", "emptying.", "rewriting."
STALE = "stale."
RECENT_MS = 3 * 3_600_000  # housekeeping comes by every hour


def tidy(on: Eraser) -> None:
    """What privacy asks of housekeeping, each time that it comes by."""
    empty_erased_drops(on.engine, since=on.clock() - RECENT_MS)
    once_a_day(on)


def once_a_day(on: Eraser) -> None:
    """Delete what is too old in all projects, once a day; write files with deleted rows anew, once a week.

    Raises the first failure after trying all: an event store that is away must not keep names in the other.
    """
    problem: Exception | None = None
    day = datetime.fromtimestamp(on.clock() / 1000, UTC).date()
    for prefix, name, work in (
        (DAILY, day.isoformat(), lambda: retain(on, all_projects(on.engine))),
        (EMPTYING, day.isoformat(), lambda: empty_erased_drops(on.engine)),
        (WEEKLY, day.strftime("%G-W%V"), lambda: rewrite(on.events)),
    ):
        if not kept.claim(on.engine, prefix + name):
            continue
        try:
            work()
        except BaseException as error:
            kept.give_up(on.engine, prefix + name)
            if not isinstance(error, Exception):
                raise
            problem = problem or error
        else:
            kept.forget_others(on.engine, prefix, {prefix + name})
    if problem:
        raise problem


def retain(on: Eraser, projects: Sequence[Project]) -> dict[int, Report]:
    """Delete what is too old in these projects; returns a report of each, and keeps those that say much."""
    engine, events, now = on.engine, on.events, on.clock()
    horizons = [horizon_of(engine, on.settings, one.id, now=now) for one in projects]
    reports = {one.project: would_delete(engine, events, one) for one in horizons}
    due = [one for one in horizons if reports[one.project].total or kept.has(engine, _mark(one))]
    tasks = [_forget(on, one) for one in due]
    if due:
        delete_events(events, due)
    fills = set(inserts_under_way(events))  # they may have read what is deleted
    for task in tasks:
        _bring_up_to_date(on, task, fills)
    for one in horizons:
        while delete_drops(engine, one):
            pass
        report = reports[one.project]
        if not report.is_empty:
            keep_report(engine, one.project, report, now=now)
            log.info("retention deleted %d events of project %d", report.total, one.project)
    return reports


@dataclass
class Task:
    """What is left to do when a project's events are deleted: whom to count anew, and whom not to keep."""

    horizon: Horizon
    stale: set[int]
    gone: set[int] = field(default_factory=set)


def _mark(horizon: Horizon) -> str:
    """The name of the note that this project's runs and sessions may tell of events that are deleted."""
    return f"{STALE}{horizon.project}"


def _forget(on: Eraser, horizon: Horizon) -> Task:
    """Forget ids in both stores, whose customers have no event any more as it is when that happens.

    The ledger comes last: it says where to go on after a crash.
    """
    is_broken = not kept.claim(on.engine, _mark(horizon))
    told = customers_told(on.events, horizon)
    task = Task(horizon, stale_customers(on.events, horizon, after_a_break=is_broken) | told)
    if is_broken:
        task.gone = task.stale - customers_seen(on.events, horizon.project, task.stale)

    def choose(some: Sequence[int], connection: Connection) -> set[int]:
        found = leaving(connection, on.events, horizon, some)
        delete_answers(on.events, horizon.project, found.identities)
        task.gone |= found.customers
        return found.identities

    for some in chunks(customers_gone(on.events, horizon), CUSTOMERS_AT_ONCE):
        task.stale |= on.ledger.forget_chosen(horizon.project, partial(choose, some))
    # After a crash their events may be gone, and their runs tell nothing of that.
    for some in chunks(sorted(told - task.gone), AT_ONCE):
        on.ledger.put_off(horizon.project, some, now=on.clock())
    return task


def _bring_up_to_date(on: Eraser, task: Task, fills: set[str]) -> None:
    """Count anew whose events were deleted in part, and keep nothing of who has none.

    A fill that is under way yet may bring back rows of those; then the next time looks for them.
    """
    project = task.horizon.project
    if stale := task.stale - task.gone:
        on.refresh(project, stale)
        versions = [one.id for one in kept_versions(on.engine, project)]
        for some in chunks(sorted(stale), AT_ONCE):
            delete_former_runs(on.events, project, some, versions)
    for some in chunks(sorted(task.gone), AT_ONCE):
        on.leave_accounts(project, some)
    is_over = fills.isdisjoint(inserts_under_way(on.events))
    for some in chunks(sorted(task.gone), AT_ONCE):
        delete_customers(on.events, project, some)
        if back := customers_seen(on.events, project, some):  # they returned at this very moment
            on.refresh(project, back)
    if is_over:
        kept.give_up(on.engine, _mark(task.horizon))
