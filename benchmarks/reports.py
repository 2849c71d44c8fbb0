"""Measures back-fill, reports over stored runs and recomputation over a history, beside plain queries."""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import history
from benchmarks.alone import Stopwatch
from benchmarks.machine import resident_now
from benchmarks.questions import question
from journeys.change import change
from journeys.funnel import funnel
from journeys.lists import listed
from journeys.paths import paths
from journeys.period import Period
from journeys.runs import fill, recompute
from journeys.scope import Scope
from journeys.segments import choices
from journeys.signals import signals
from journeys.timing import timing
from journeys.variants import variants
from store.events import EventStore
from store.journeys import JourneyVersion
from store.migrate import migrate_events
from store.projects import Project

FILLS = 3
PATH_TURNS = 3
TOUCHED = (10, 100, 1_000)
LIVE = 50  # recomputations after which the funnel is asked again
PEERS = {
    "funnel": "peers.funnel",
    "histories": "peers.histories",
    "everything": "peers.everything",
}
REPORTS: dict[str, Callable[[Scope], Any]] = {
    "funnel": funnel,
    "funnel by customers": lambda scope: funnel(scope, unit="customers"),
    "list, first page": listed,
    "list of one drop-off": lambda scope: listed(scope, number="dropped_here", step="cart"),
    "variants": variants,
    "timing": timing,
    "segment choices": choices,
    "explained change of 45 days": lambda scope: change(_second_half(scope)),
}
PATHS: dict[str, Callable[[Scope], Any]] = {
    "paths after the first step": paths,
    "paths before payment": lambda scope: paths(scope, anchor="payment", direction="before"),
    "signals before the checkout": lambda scope: signals(scope, step="checkout"),
}


@dataclass(frozen=True)
class Took:
    """Wall and processor seconds, medians."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Found:
    """What was measured over one history; `peers` by the name in PEERS, `touched` by number of customers."""

    size: Mapping[str, Any]
    runs: int
    fill: Took
    memory: tuple[int, int]
    peers: Mapping[str, Took]
    reports: Mapping[str, Took]
    paths: Mapping[str, Took]
    touched: Mapping[int, Took]
    touched_peers: Mapping[int, Mapping[str, Took]]
    funnel_later: Took


def written(url: str, count: int, end: int) -> dict[str, Any]:
    """Make the history; in a process of its own, so that its memory is not counted below."""
    with closing(EventStore(url)) as events:
        migrate_events(events)
        return history.write(events, count, end=end)


def measured(url: str, size: dict[str, Any], end: int, turns: int) -> Found:
    """Measure everything over the history at `url`."""
    with closing(EventStore(url)) as events:
        before = _settled(events)
        filled, stored = _filled(events, min(FILLS, turns))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        scope = _scope(events, stored, end)
        return Found(
            size=size,
            runs=funnel(scope)["entered"],
            fill=filled,
            memory=(before, peak),
            peers={name: median(turns, _peer(events, sql)) for name, sql in PEERS.items()},
            reports={name: median(turns, _bound(ask, scope)) for name, ask in REPORTS.items()},
            paths={name: median(min(PATH_TURNS, turns), _bound(ask, scope)) for name, ask in PATHS.items()},
            touched={n: median(turns, Recomputation(events, stored, n)) for n in TOUCHED},
            touched_peers={n: _peers_of_some(events, stored, n, turns) for n in TOUCHED},
            funnel_later=_later(events, stored, scope, turns),
        )


def median(turns: int, work: Callable[[], Any]) -> Took:
    """Medians of several turns."""
    laps = []
    for _ in range(turns):
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


def some_customers(
    events: EventStore, version: JourneyVersion, most: int, seed: int
) -> tuple[list[int], list[int]]:
    """Customers that have runs, and all their identities, as the ledger would say."""
    values = {"project": history.PROJECT, "version": version.id, "most": most, "seed": seed}
    rows = events.query(question("stored.some"), values)
    return [row["customer"] for row in rows], [one for row in rows for one in row["identities"]]


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


def _scope(events: EventStore, version: JourneyVersion, end: int) -> Scope:
    project = Project(history.PROJECT, "bench", "Benchmark", "UTC")
    period = Period(end - history.DAYS * history.DAY, end)
    return Scope(events, project, version, history.definition(), period, {}, end)


def _second_half(scope: Scope) -> Scope:
    middle = (scope.period.start + scope.period.end) // 2
    return replace(scope, period=Period(middle, scope.period.end))


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
