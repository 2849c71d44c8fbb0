"""Identity: what it costs to resolve identities to customers when events are read, while merges go on."""

from __future__ import annotations

import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import history
from benchmarks.alone import Stopwatch, alone
from benchmarks.history import DAY
from benchmarks.questions import question as own_question
from benchmarks.tables import many, mib, ms, say, show, times
from journeys import filling, filters, runs
from journeys.paths import paths
from journeys.period import Period
from journeys.questions import question
from journeys.resolution import resolved_now
from journeys.scope import Scope
from journeys.zero import zero
from store.db import open_db
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import JourneyVersion
from store.migrate import migrate_db, migrate_events
from store.projects import Project, create_project

EVENTS = 10_000_000
EVENTS_PER_MERGE = 100
RECENT, PORTION = 10_000, 100  # merges of the last minute, and how many come at once
SHARED = 100
TURNS = 5
MERGES_A_MINUTE = 10_000
VERSION = JourneyVersion(1, history.PROJECT, 1, 1, dict(history.JOURNEY), "live", 0, 0, "", 0)
AS_THEY_CAME = "(select *, identity as customer from events)"
Asked = Callable[[EventStore], Any]


@dataclass(frozen=True)
class Resolving(Scope):
    """A scope for which `way` says whose events are."""

    way: str = ""

    @property
    def resolved(self) -> str:
        """The SQL of events with their customers."""
        return self.way


@dataclass(frozen=True)
class Lap:
    """The shortest of several turns: wall and processor seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Found:
    """What was measured, by question: without and with resolution, and with while merges are entered."""

    plain: Mapping[str, Lap]
    resolved: Mapping[str, Lap]
    merging: Mapping[str, Lap]
    entered: float


def run(*, quick: bool, events: int = 0) -> None:
    """Measure and print."""
    count = events or (500_000 if quick else EVENTS)
    with tempfile.TemporaryDirectory(prefix="waywiser-identity-") as folder:
        url = f"chdb:///{Path(folder).absolute()}/events"
        merged = count // EVENTS_PER_MERGE
        say(f"identity: making {many(count)} events and {many(merged)} merges")
        alone(written, url, count, merged)
        say("identity: measuring")
        found = alone(measured, url, folder, count, 2 if quick else TURNS)
        memory = [alone(peak, url, count, is_resolved) for is_resolved in (False, True)]
    _show(found, count, merged, memory)


def written(url: str, count: int, merged: int) -> None:
    """Make the events and the merges, the last ones a minute old at most."""
    end = time.time_ns() // 1_000_000
    values = {
        "project": history.PROJECT,
        "customers": count // history.EVENTS_PER_CUSTOMER,
        "names": list(history.NAMES),
        "start": end - history.DAYS * DAY,
        "length": history.DAYS * DAY,
    }
    with closing(EventStore(url)) as events:
        migrate_events(events)
        for first in range(0, count, history.SLICE):
            some = {"first": first, "count": min(history.SLICE, count - first)}
            events.command(own_question("identity.events"), values | some)
        events.command("optimize table events final")
        recent = min(RECENT, merged // 2)
        old = values | {"first": 0, "count": merged - recent, "version": (end - DAY) * 1000}
        events.command(own_question("identity.merges"), old)
        events.command("optimize table identity_customers final")
        events.command(own_question("identity.shared"), values | {"count": SHARED, "version": end * 1000})
        for first in range(merged - recent, merged, PORTION):
            some = {"first": first, "count": PORTION, "version": end * 1000 + first}
            events.command(own_question("identity.merges"), values | some)


def measured(url: str, folder: str, count: int, turns: int) -> Found:
    """Every question turn by turn without and with resolution; then while merges are entered."""
    engine = open_db(f"sqlite:///{folder}/ledger.db")
    migrate_db(engine)
    project = create_project(engine, key="bench", name="Benchmark", now=0).id
    with closing(EventStore(url)) as events:
        filling.fill(events, VERSION, progress=lambda *_: None)
        asked = {name: [make(one) for one in (AS_THEY_CAME, resolved_now())] for name, make in _all(count)}
        both = {name: [_shortest(events, turns, one) for one in pair] for name, pair in asked.items()}
        with merging(Ledger(engine, events), project) as entered:
            later = {name: _shortest(events, turns, pair[1]) for name, pair in asked.items()}
        return Found(
            {name: pair[0] for name, pair in both.items()},
            {name: pair[1] for name, pair in both.items()},
            later,
            entered(),
        )


def peak(url: str, count: int, is_resolved: bool) -> int:
    """The most memory of a process that asks every question once."""
    with closing(EventStore(url)) as events:
        for _, make in _all(count):
            make(resolved_now() if is_resolved else AS_THEY_CAME)(events)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def merging(ledger: Ledger, project: int) -> Iterator[Callable[[], float]]:
    """A ledger that somebody enters merges into, so many a minute; says how many a minute they were."""
    done, over, start = [0], threading.Event(), time.monotonic()

    def enter() -> None:
        while not over.wait(max(0.0, done[0] * 60 / MERGES_A_MINUTE - (time.monotonic() - start))):
            some = range(done[0], done[0] + PORTION)
            ledger.join(project, [_link(number) for number in some])
            done[0] += PORTION

    thread = threading.Thread(target=enter)
    thread.start()
    try:
        yield lambda: done[0] * 60 / (time.monotonic() - start)
    finally:
        over.set()
        thread.join()


def _link(number: int) -> Link:
    return Link(Identity("anonymous", f"b{number}"), Identity("user", f"u{number}"), "identify", "", number)


def _all(count: int) -> list[tuple[str, Callable[[str], Asked]]]:
    """The questions of the product that read the events of everyone."""
    return [
        ("runs of a chunk of customers", lambda resolved: _runs(resolved, count)),
        ("paths after the first step", partial(_report, paths)),
        ("pages, with customers", lambda resolved: _question("catalog.pages", resolved)),
        ("events by name, with customers", lambda resolved: _question("catalog.seen", resolved)),
        ("matches of steps, with customers", partial(_report, zero)),
    ]


def _params(**more: Any) -> filters.Params:
    now = time.time_ns() // 1_000_000
    return filters.Params(
        project=history.PROJECT, since=now - 30 * DAY, start=now - 90 * DAY, end=now, most=50, **more
    )


def _question(name: str, resolved: str) -> Asked:
    sql = question(name, resolved=resolved, route="path")
    return _query(sql, _params().values)


def _query(sql: str, values: Mapping[str, Any]) -> Asked:
    return lambda events: events.query(sql, values)


def _runs(resolved: str, count: int) -> Asked:
    chunks = 1 + int(count * history.RELEVANT) // filling.EVENTS_PER_CHUNK
    params = _params(chunks=chunks)
    whose = "cityHash64(customer) % {chunks:UInt32} = 0" if chunks > 1 else "1"
    found = runs.computed(history.definition(), params, whose, resolved=resolved)
    return _query(f"select count() as customers, sum(length(runs)) as runs from ({found})", params.values)


def _report(report: Callable[[Scope], Any], resolved: str) -> Asked:
    """A report over the stored runs of a month."""
    now, project = time.time_ns() // 1_000_000, Project(history.PROJECT, "bench", "Benchmark", "UTC")
    given = (project, VERSION, history.definition(), Period(now - 30 * DAY, now), {}, now)
    return lambda events: report(Resolving(events, *given, way=resolved))


def _shortest(events: EventStore, turns: int, asked: Asked) -> Lap:
    laps = []
    for _ in range(turns):
        with Stopwatch() as watch:
            asked(events)
        laps.append(watch)
    return Lap(min(one.wall for one in laps), min(one.cpu for one in laps))


def _show(found: Found, count: int, merged: int, memory: list[int]) -> None:
    show(
        f"Identity: {many(count)} events, {many(merged)} merged identities, "
        f"{many(min(RECENT, merged // 2))} of them in the last minute, {SHARED} contested ones",
        ["question", "without", "with", "ratio", "CPU without", "with", "ratio", "while merging", "ratio"],
        (
            [
                name,
                *_compared(plain.wall, found.resolved[name].wall),
                *_compared(plain.cpu, found.resolved[name].cpu),
                *_compared(found.resolved[name].wall, found.merging[name].wall)[1:],
            ]
            for name, plain in found.plain.items()
        ),
        "The shortest of several turns. while merging: with resolution, beside a ledger in which "
        f"{many(found.entered)} merges a minute\nare entered; its processor time would count theirs. "
        f"Memory of a process that asks all, at its peak: {mib(memory[0])} without, {mib(memory[1])} with.",
    )


def _compared(one: float, other: float) -> list[str]:
    return [ms(one), ms(other), times(other / one)]
