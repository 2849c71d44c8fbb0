"""Measures back-fill, reports over stored runs and recomputation over a history, beside plain queries."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from benchmarks import history
from benchmarks.alone import Stopwatch
from benchmarks.asked import Question, questions
from benchmarks.machine import resident_now
from benchmarks.questions import question
from benchmarks.tables import ms, say
from journeys import generations, sessions
from journeys.filling import fill
from journeys.funnel import funnel
from journeys.period import Period
from journeys.runs import recompute
from journeys.scope import Scope
from store.event import Event, event_id
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project
from store.rules import ProjectRules

FILLS = 3
MANY = 20_000_000  # events, above which a version is filled once
PATIENCE = 40.0  # seconds of turns, after which a question is not asked again
TOUCHED = (10, 100, 1_000)
LIVE = 50  # recomputations after which the funnel is asked again
A_SECOND = 1_000  # events that come in a second, of so many customers
ACTIVE = 400
SECONDS = 20
PEERS = {
    "funnel": "peers.funnel",
    "histories": "peers.histories",
    "everything": "peers.everything",
}
TABLES = ("events", "journey_runs")


@dataclass(frozen=True)
class Took:
    """Wall and processor seconds, medians of the turns."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Found:
    """What was measured over one history; `peers` by the name in PEERS, `touched` by number of customers.

    `memory` is that of the process before, at the peak of the back-fill, and at the peak of all; `disk` the
    bytes of each table. `arriving` is what a second's events take until their customers are computed.
    """

    size: Mapping[str, Any]
    runs: int
    fill: Took
    sessions: Took
    memory: tuple[int, int, int]
    disk: Mapping[str, int]
    peers: Mapping[str, Took]
    reports: Mapping[str, Took]
    touched: Mapping[int, Took]
    touched_peers: Mapping[int, Mapping[str, Took]]
    funnel_later: Took
    arriving: Took


def written(url: str, count: int, end: int) -> dict[str, Any]:
    """Make the history; in a process of its own, so that its memory is not counted below."""
    with closing(EventStore(url)) as events:
        migrate_events(events)
        return history.write(events, count, end=end)


def measured(url: str, size: dict[str, Any], end: int, turns: int) -> Found:
    """Measure everything over the history at `url`."""
    with closing(EventStore(url)) as events:
        before = _settled(events)
        fills = 1 if size["events"] > MANY else min(FILLS, turns)
        filled, stored = _filled(events, fills)
        say(f"journeys: back-fill, {ms(filled.wall)}")
        peak, disk = _peak(), _disk(events, fills)
        counted = median(1, lambda: _count_sessions(events))
        say(f"journeys: sessions, {ms(counted.wall)}")
        scope = _scope(events, stored, end)
        return Found(
            size=size,
            runs=funnel(scope)["entered"],
            fill=filled,
            sessions=counted,
            disk=disk,
            peers={name: median(turns, _peer(events, sql)) for name, sql in PEERS.items()},
            reports={one.name: _reported(one, scope, turns) for one in questions()},
            touched={n: median(turns, Recomputation(events, stored, n)) for n in TOUCHED},
            touched_peers={n: _peers_of_some(events, stored, n, turns) for n in TOUCHED},
            funnel_later=_later(events, stored, scope, turns),
            arriving=median(SECONDS, Arriving(events, stored, end)),
            memory=(before, peak, _peak()),
        )


def _reported(one: Question, scope: Scope, turns: int) -> Took:
    took = median(turns, _bound(one.ask, scope))
    say(f"journeys: {one.name}, {ms(took.cpu)} of processor time")
    return took


def median(turns: int, work: Callable[[], Any]) -> Took:
    """Medians of several turns; of fewer, where they take long."""
    laps: list[tuple[float, float]] = []
    begin = time.perf_counter()
    while len(laps) < turns and (not laps or time.perf_counter() - begin < PATIENCE):
        with Stopwatch() as watch:
            work()
        laps.append((watch.wall, watch.cpu))
    return Took(*(statistics.median(one) for one in zip(*laps, strict=True)))


class Recomputation:
    """Computes the runs of other customers at each call, as the worker does after a batch."""

    def __init__(self, events: EventStore, version: JourneyVersion, most: int) -> None:
        self._events, self._version = events, version
        self._groups = (some_customers(events, version, most, seed) for seed in range(1_000_000))

    def __call__(self) -> None:
        customers, identities = next(self._groups)
        recompute(self._events, self._version, customers, identities)


class Arriving:
    """At each call a second's events of known customers arrive, and the runs of these are computed anew."""

    def __init__(self, events: EventStore, version: JourneyVersion, end: int) -> None:
        self._events, self._version, self._end, self._calls = events, version, end, 0

    def __call__(self) -> None:
        self._calls += 1
        customers, identities = some_customers(self._events, self._version, ACTIVE, -self._calls % 2**32)
        new = [self._event(n, identities[n % len(identities)]) for n in range(A_SECOND)]
        self._events.insert(new, token=new[0].message_id)
        recompute(self._events, self._version, customers, identities)

    def _event(self, n: int, identity: int) -> Event:
        number = f"arriving-{self._calls}-{n}"
        return Event(
            project=history.PROJECT,
            event_id=event_id(number),
            message_id=number,
            type="track",
            event=history.NAMES[n % len(history.NAMES)],
            timestamp=self._end - A_SECOND + n,
            received_at=self._end,
            sequence=n,
            identity=identity,
            side="browser",
        )


def some_customers(
    events: EventStore, version: JourneyVersion, most: int, seed: int
) -> tuple[list[int], list[int]]:
    """Customers that have runs, and all their identities, as the ledger would say."""
    values = {"project": history.PROJECT, "version": version.id, "most": most, "seed": seed}
    rows = events.query(question("stored.some"), values)
    return [row["customer"] for row in rows], [one for row in rows for one in row["identities"]]


def _peak() -> int:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _disk(events: EventStore, fills: int) -> dict[str, int]:
    """Bytes of the tables on disk; of stored runs those of one version."""
    for table in TABLES:
        events.command(f"optimize table {table} final")
    rows = events.query(question("history.disk"), {"tables": list(TABLES)})
    found = {row["name"]: row["bytes"] for row in rows}
    return {"events": found["events"], "journey_runs": found["journey_runs"] // fills}


def _settled(events: EventStore) -> int:
    """Memory of this process when the engine has answered something small."""
    events.query("select 1")
    return resident_now()


def _filled(events: EventStore, turns: int) -> tuple[Took, JourneyVersion]:
    """Each turn fills a version of its own, as saving a definition does."""
    versions = iter(
        [JourneyVersion(100 + n, 1, 1, n, history.JOURNEY, "live", 0, 0, "", 0) for n in range(turns)]
    )
    used: list[JourneyVersion] = []

    def work() -> None:
        used.append(next(versions))
        fill(events, used[-1], progress=lambda *_: None)

    return median(turns, work), used[-1]


def _count_sessions(events: EventStore) -> None:
    """Store the sessions, as every Waywiser does in its first minutes; reports count them anew until then."""
    key_events = tuple(matcher for step in history.definition().followers for matcher in step.match)
    wanted = generations.Wanted(ProjectRules(), key_events)
    sessions.fill(events, generations.ensured(events, history.PROJECT, wanted)[-1])


def _scope(events: EventStore, version: JourneyVersion, end: int) -> Scope:
    project = Project(history.PROJECT, "bench", "Benchmark", "UTC")
    period = Period(end - history.DAYS * history.DAY, end)
    return Scope(events, project, version, history.definition(), period, {}, end)


def _bound(ask: Callable[[Scope], Any], scope: Scope) -> Callable[[], Any]:
    return lambda: ask(scope)


def _peer(events: EventStore, sql: str, identities: list[int] | None = None) -> Callable[[], Any]:
    values = {
        "project": history.PROJECT,
        "names": list(history.NAMES),
        "everyone": int(identities is None),
        "identities": identities or [],
    }
    return lambda: events.query(question(sql), values)


def _peers_of_some(events: EventStore, version: JourneyVersion, most: int, turns: int) -> dict[str, Took]:
    _, identities = some_customers(events, version, most, 0)
    return {name: median(turns, _peer(events, PEERS[name], identities)) for name in ("funnel", "histories")}


def _later(events: EventStore, version: JourneyVersion, scope: Scope, turns: int) -> Took:
    """The funnel again after many small recomputations, whose rows the store has yet to merge."""
    again = Recomputation(events, version, 100)
    for _ in range(LIVE):
        again()
    return median(turns, _bound(funnel, scope))
