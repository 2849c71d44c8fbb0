"""The door: requests a second that are on disk, beside an empty view on the same server in the same run."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.alone import processes
from benchmarks.load import Shots, fire
from benchmarks.servers import Server, installed
from benchmarks.tables import many, micro, ms, say, show, times
from benchmarks.traffic import bare_requests, batch_requests, messages, single_requests
from store.settings import Settings

BATCH = 50
THREADS = (1, 2, 4, 8, 16)
VIEW = "empty Flask view"
RIVALS = {
    "plain": "plain Flask view, our functions",
    "marshmallow": "the same, marshmallow and json",
    "each": "the same, a commit for each request",
}
NEAR_LIMIT = 0.85  # share of a core that the sender may use before it slows the measurement
COLUMNS = (
    *("what", "requests/s", "events/s", "to the view", "p50", "p99"),
    *("CPU/request", "of the view", "sender", "refused"),
)
NOTE = (
    "to the view: requests/s by those of the empty view that gets the same requests and reads them.\n"
    "CPU/request: processor time of the server, and its ratio to the empty view's.\n"
    f"sender: share of a core that the load generator used; above {NEAR_LIMIT:.0%} (!) it is near its limit."
)


@dataclass(frozen=True)
class Target:
    """A server, what is sent to it, and how many events one request holds."""

    name: str
    server: Server
    requests: list[bytes]
    events: int = 1


@dataclass(frozen=True)
class Round:
    """One turn at one target."""

    shots: Shots
    cpu: float


class Gallery:
    """Fires at targets in turn, so that what slows the machine down slows all of them."""

    def __init__(self, pool: ProcessPoolExecutor, seconds: float) -> None:
        self._pool, self._seconds = pool, seconds

    def turn(self, target: Target) -> Round:
        """One volley; what the server used is counted by request."""
        before = target.server.processor_seconds()
        shots = self._pool.submit(fire, target.server.port, target.requests, seconds=self._seconds).result()
        used = target.server.processor_seconds() - before
        return Round(shots, used / max(1, shots.answered))

    def rounds(self, targets: Sequence[Target], count: int) -> list[list[Round]]:
        """Several turns at each, alternating; a first short one at each is not counted."""
        for target in targets:
            self._pool.submit(fire, target.server.port, target.requests, seconds=0.5).result()
        turns = [[self.turn(target) for target in targets] for _ in range(count)]
        return [list(mine) for mine in zip(*turns, strict=True)]


def run(*, quick: bool) -> None:
    """Measure and print."""
    seconds, count = (1.0, 2) if quick else (2.5, 5)
    some = messages(2_000)
    with tempfile.TemporaryDirectory(prefix="waywiser-door-") as folder, processes() as pool:
        gallery = Gallery(pool, seconds)
        say("door: one collector that syncs fully, one that syncs normally, and two that do nothing")
        _compare(gallery, Path(folder), some, count)
        say("door: request threads")
        _sweep(gallery, Path(folder), some, (1, 8) if quick else THREADS, 1 if quick else 2)


def _compare(gallery: Gallery, folder: Path, some: list[dict[str, Any]], count: int) -> None:
    with ExitStack() as stack:
        keys, normal_keys = _installed(folder / "full"), _installed(folder / "normal")
        full = Server(folder / "full", "server", "collector", WAYWISER_INBOX_SYNC="full")
        normal = Server(folder / "normal", "server", "collector", WAYWISER_INBOX_SYNC="normal")
        view, nothing = (Server(folder / "full", "benchmarks.empty", name) for name in ("view", "nothing"))
        rivals = {name: Server(folder / "full", "benchmarks.rivals", name) for name in RIVALS}
        for server in (full, normal, view, nothing, *rivals.values()):
            stack.enter_context(server)
        single, batch = single_requests(some, keys), batch_requests(some, keys, BATCH)
        targets = [
            Target("least WSGI application, GET", nothing, bare_requests()),
            Target("empty Flask view, GET", view, bare_requests()),
            Target(VIEW, view, single),
            Target("collector, full sync", full, single),
            Target("collector, normal sync", normal, single_requests(some, normal_keys)),
            *(Target(RIVALS[name], server, single) for name, server in rivals.items()),
            Target(f"{VIEW}, {BATCH} events", view, batch, BATCH),
            Target(f"collector, full sync, {BATCH} events", full, batch, BATCH),
            Target(
                f"collector, full sync, {BATCH} events and health",
                full,
                batch_requests(some, keys, BATCH, tells=True),
                BATCH,
            ),
            Target(
                f"collector, normal sync, {BATCH} events",
                normal,
                batch_requests(some, normal_keys, BATCH),
                BATCH,
            ),
            *(
                Target(f"{RIVALS[name]}, {BATCH} events", server, batch, BATCH)
                for name, server in rivals.items()
            ),
        ]
        found = gallery.rounds(targets, count)
    names = [target.name for target in targets]
    one, several = (found[names.index(name)] for name in (VIEW, f"{VIEW}, {BATCH} events"))
    views = [one if target.events == 1 else several for target in targets]
    show(
        f"Door: 16 connections, {Settings().threads} request threads, medians of {count} alternating turns",
        COLUMNS,
        [_row(*one) for one in zip(targets, found, views, strict=True)],
        NOTE,
    )


def _installed(folder: Path) -> dict[str, str]:
    folder.mkdir()
    return installed(folder)


def _row(target: Target, mine: list[Round], view: list[Round]) -> list[object]:
    rate = _median(mine, _rate)
    return [
        target.name,
        many(rate),
        many(rate * target.events),
        _ratio(mine, view),
        ms(_median(mine, lambda one: one.shots.p50)),
        ms(_median(mine, lambda one: one.shots.p99)),
        micro(_median(mine, _cpu)),
        times(_median(mine, _cpu) / _median(view, _cpu)),
        _sender(mine),
        sum(one.shots.refused for one in mine),
    ]


def _sweep(
    gallery: Gallery, folder: Path, some: list[dict[str, Any]], choices: Sequence[int], count: int
) -> None:
    rows = []
    keys = _installed(folder / "threads")
    single, batches = single_requests(some, keys), batch_requests(some, keys, BATCH)
    for threads in choices:
        collector = Server(folder / "threads", "server", "collector", WAYWISER_THREADS=threads)
        view = Server(folder / "threads", "benchmarks.empty", "view", WAYWISER_THREADS=threads)
        with collector, view:
            targets = [
                Target("view", view, single),
                Target("one", collector, single),
                Target("batch", collector, batches, BATCH),
            ]
            empty, one, batch = gallery.rounds(targets, count)
        rows.append(
            [
                threads,
                many(_median(empty, _rate)),
                many(_median(one, _rate)),
                _ratio(one, empty),
                ms(_median(one, lambda turn: turn.shots.p50)),
                ms(_median(one, lambda turn: turn.shots.p99)),
                micro(_median(one, _cpu)),
                many(_median(batch, _rate) * BATCH),
            ]
        )
    columns = ["threads", "view/s", "collector/s", "ratio", "p50", "p99", "CPU/request", "batched events/s"]
    show("Door by request threads (WAYWISER_THREADS), full sync", columns, rows)


def _rate(turn: Round) -> float:
    return turn.shots.rate


def _cpu(turn: Round) -> float:
    return turn.cpu


def _median(turns: list[Round], of: Callable[[Round], float]) -> float:
    return statistics.median(map(of, turns))


def _ratio(mine: list[Round], view: list[Round]) -> str:
    """Turn by turn, because the machine changes between turns more than within one."""
    return times(statistics.median(_rate(a) / _rate(b) for a, b in zip(mine, view, strict=True)))


def _sender(turns: list[Round]) -> str:
    busy = _median(turns, lambda one: one.shots.busy)
    return f"{busy:.0%}" + (" !" if busy > NEAR_LIMIT else "")
