"""Measures what a batch costs with few and with many journeys, of which it concerns some."""

from __future__ import annotations

import random
import statistics
import tempfile
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from benchmarks import history
from benchmarks.alone import Stopwatch, alone
from benchmarks.tables import many, ms, say, show
from journeys.runs import recompute
from server.filler import Filler
from server.opening import now_ms
from server.refreshing import Refresher
from store.db import open_db
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion, kept_versions, save_version
from store.migrate import migrate_db, migrate_events
from store.news import News, labels_of
from store.privacy.suppression import nobody
from store.projects import create_project

STORED = 1_000_000
BATCH = 5_000
CUSTOMERS = 2_500  # of a batch
FEATURES = 5  # that a batch speaks of, beside the orders
SIZES = (0, 3, 20, 200)
FORMER = 10  # versions that are computed by a statement of their own, of all customers of the batch


def run(*, quick: bool) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="waywiser-refresh-") as folder:
        stored = STORED // 10 if quick else STORED
        rows = alone(measured, folder, stored, 3 if quick else 7)
    show(
        f"A batch of {many(BATCH)} events of {many(CUSTOMERS)} customers, {many(stored)} events stored",
        ["journeys", "of them concerned", "processor time", "longest", "statements for runs", "one by one"],
        rows,
        "Runs and sessions, without the pipeline and the insert. "
        f"One by one: each journey computed alone, of all customers; {FORMER} of them measured.",
    )


def measured(folder: str, stored: int, turns: int) -> list[list[object]]:
    """A row for each number of journeys."""
    engine = open_db(f"sqlite:///{folder}/waywiser.db")
    migrate_db(engine)
    create_project(engine, key="bench", name="Bench", now=0)
    with closing(EventStore(f"chdb:///{folder}/events")) as events:
        migrate_events(events)
        history.write(events, stored, end=now_ms())
        found = {size: _with(engine, events, size, turns) for size in SIZES}
        return [_row(size, one, sessions=found[0].median) for size, one in found.items()]


@dataclass(frozen=True)
class Found:
    """Processor seconds of each batch, the versions in each statement by batch, and of each version alone."""

    laps: list[float]
    statements: list[list[int]]
    alone: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.laps)


def _row(size: int, found: Found, *, sessions: float) -> list[object]:
    turns = len(found.laps)
    one_by_one = sessions + size * statistics.median(found.alone) if found.alone else sessions
    return [
        size,
        f"{sum(map(sum, found.statements)) / turns:.0f}",
        ms(found.median),
        ms(max(found.laps)),
        f"{sum(map(len, found.statements)) / turns:.1f}",
        ms(one_by_one),
    ]


def _with(engine: Engine, events: EventStore, size: int, turns: int) -> Found:
    for n in range(size):
        save_version(engine, history.PROJECT, history.JOURNEY if n == 0 else _feature(n), by="", now=1)
    filler = Filler(engine, events)
    filler.fill_all()
    filler.count_sessions()
    ledger = Ledger(engine, events)
    refresher = Refresher(engine, events, ledger, nobody, now_ms)
    counting = _Counting(events)
    found = Found([], [], [])
    for turn in range(turns + 1):
        news = _arrived(events, ledger, _batch(random.Random(size * 1_000 + turn), max(size, 1)))
        counting.versions.clear()
        with Stopwatch() as watch:
            refresher.refresh(history.PROJECT, news.labels, news)
        if turn:  # the first warms up
            found.laps.append(watch.cpu)
            found.statements.append(list(counting.versions))
    refresher.close()
    counting.stop()
    for version in kept_versions(engine, history.PROJECT)[-FORMER:]:
        found.alone.append(_alone(events, version, ledger, news))
    say(f"refresh: measured with {size} journeys")
    return found


def _arrived(events: EventStore, ledger: Ledger, batch: list[Event]) -> News:
    events.insert(batch, token=str(batch[0].message_id))
    by_identity = labels_of(batch)
    owners, _ = ledger.owners(history.PROJECT, by_identity)
    return News({owners[one]: labels for one, labels in by_identity.items()}, frozenset())


def _alone(events: EventStore, version: JourneyVersion, ledger: Ledger, news: News) -> float:
    customers = sorted(news.labels)
    with Stopwatch() as watch:
        recompute(events, version, customers, ledger.identities_of(history.PROJECT, customers))
    return watch.cpu


class _Counting:
    """Counts the statements that store runs, and the versions in each."""

    def __init__(self, events: EventStore) -> None:
        self._events, self._command = events, events.command
        self.versions: list[int] = []
        events.command = self._noting  # type: ignore[method-assign]

    def _noting(self, sql: str, parameters: Any = None) -> None:
        if "insert into journey_runs" in sql:
            self.versions.append(len(parameters["journey_versions"]))
        self._command(sql, parameters)

    def stop(self) -> None:
        self._events.command = self._command  # type: ignore[method-assign]


def _feature(n: int) -> dict[str, Any]:
    steps = [
        {"key": step.lower(), "name": step, "match": [{"event": f"Feature {n} {step}"}]}
        for step in ("Opened", "Tried", "Used", "Kept")
    ]
    leaving = [{"event": "Order Paid", "where": [{"property": "feature", "op": "eq", "value": str(n)}]}]
    return {"key": f"feature-{n}", "name": f"Feature {n}", "steps": steps, "fail_on": leaving}


def _batch(rng: random.Random, size: int) -> list[Event]:
    """Three fifths are pages, which concern no journey; three tenths orders; a tenth of a few features."""
    features = [rng.randrange(1, size) for _ in range(FEATURES)] if size > 1 else [0]
    made, now = [], now_ms()
    for n in range(BATCH):
        kind = rng.random()
        name = ""
        if kind > 0.9:
            name = f"Feature {rng.choice(features)} {rng.choice(['Opened', 'Tried', 'Used', 'Kept'])}"
        elif kind > 0.6:
            name = rng.choice(history.NAMES)
        who, number = f"refresh-{rng.randrange(CUSTOMERS)}", f"{now}-{n}-{rng.random()}"
        made.append(
            Event(
                project=history.PROJECT,
                event_id=event_id(number),
                message_id=number,
                type="track" if name else "page",
                event=name,
                path="/",
                timestamp=now - rng.randrange(3_600_000),
                received_at=now,
                user_id=who,
                identity=identity_hash("user", who),
                side="browser",
            )
        )
    return made
