"""Merges beside everything else: do 10,000 a minute slow the door, or the reports, of a running Waywiser?"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks.alone import alone, processes
from benchmarks.load import Shots, fire
from benchmarks.reports import written
from benchmarks.servers import Server, installed
from benchmarks.sight import save_journeys
from benchmarks.tables import many, ms, say, show, times
from benchmarks.traffic import messages, single_requests
from server.opening import now_ms
from store.db import open_db
from store.tables import edges

STORED = 1_000_000
MERGES_A_MINUTE = 10_000
TRAFFIC = 500  # events a second that come in any case
ASKED = {
    "funnel": "/api/v1/journeys/order/funnel",
    "paths": "/api/v1/journeys/order/paths",
    "list of runs": "/api/v1/journeys/order/runs?number=dropped",
    "customers": "/api/v1/customers",
}
PAUSE = 0.1
BROWSER = {
    "library": {"name": "waywiser-js"},
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}


@dataclass
class Side:
    """What was measured beside one kind of traffic; answers of reports in seconds."""

    shots: list[Shots] = field(default_factory=list)
    answers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    merges: int = 0
    seconds: float = 0.0


def run(*, quick: bool) -> None:
    """Measure and print."""
    seconds, turns = (5.0, 2) if quick else (20.0, 5)
    sides = {"events": Side(), "merges": Side()}
    with tempfile.TemporaryDirectory(prefix="waywiser-merges-") as folder:
        keys = installed(Path(folder))
        say(f"merges: making {many(STORED)} events")
        alone(written, f"chdb:///{Path(folder).absolute()}/data/events", STORED, now_ms())
        say(f"merges: {turns} turns of {seconds:.0f} s beside merges and beside as many other events")
        with Server(Path(folder), "server", "serve") as server, processes(2) as pool:
            save_journeys(server, keys)
            for turn, name in _turns(turns):
                some = int(seconds * MERGES_A_MINUTE / 60)
                beside = single_requests(_beside(name, turn, some), keys)
                _turn(sides[name], server, keys, pool, beside, seconds=seconds, folder=Path(folder))
    _show(sides)


def _turns(count: int) -> Iterator[tuple[int, str]]:
    """One after the other, so that what slows the machine down slows both."""
    for turn in range(count):
        yield from ((turn, name) for name in ("events", "merges"))


def _beside(name: str, turn: int, count: int) -> list[dict[str, Any]]:
    """Messages of visitors who were never seen: each identifies, or only tracks an event."""
    ids = [f"{name}-{turn}-{number}" for number in range(count)]
    said = [
        {"type": "track", "event": "Looked"}
        if name == "events"
        else {"type": "identify", "userId": f"user-{one}"}
        for one in ids
    ]
    return [
        {"anonymousId": one, "messageId": one, "context": BROWSER, **it}
        for one, it in zip(ids, said, strict=True)
    ]


def _turn(
    side: Side,
    server: Server,
    keys: dict[str, str],
    pool: ProcessPoolExecutor,
    beside: list[bytes],
    *,
    seconds: float,
    folder: Path,
) -> None:
    traffic = single_requests(messages(int(seconds * TRAFFIC), per_second=TRAFFIC), keys)
    before = _merges(folder)
    begin = time.perf_counter()
    pool.submit(fire, server.port, beside, seconds=seconds, rate=MERGES_A_MINUTE / 60)
    sending = pool.submit(fire, server.port, traffic, seconds=seconds, rate=TRAFFIC)
    _ask(side, server, keys, sending)
    side.shots.append(sending.result())
    while server.ask("/health")["inbox"]["waiting"]:
        time.sleep(PAUSE)
    side.seconds += time.perf_counter() - begin
    side.merges += _merges(folder) - before


def _ask(side: Side, server: Server, keys: dict[str, str], sending: Future[Shots]) -> None:
    while not sending.done():
        for name, path in ASKED.items():
            begin = time.perf_counter()
            server.ask(path, token=keys["api_token"])
            side.answers[name].append(time.perf_counter() - begin)
        time.sleep(PAUSE)


def _merges(folder: Path) -> int:
    engine = open_db(f"sqlite:///{folder}/data/waywiser.db")
    try:
        with engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(edges)).scalar_one()
    finally:
        engine.dispose()


def _show(sides: dict[str, Side]) -> None:
    one, other = sides["events"], sides["merges"]
    rows: list[list[object]] = [
        _row(
            f"door, {TRAFFIC} events/s, {name}",
            *(_median(getattr(s, name) for s in side.shots) for side in (one, other)),
        )
        for name in ("p50", "p99")
    ]
    rows += [
        _row(f"{name}, {what}", take(one.answers[name]), take(other.answers[name]))
        for name in ASKED
        for what, take in (("median", _median), ("p90", _p90))
    ]
    rate = other.merges * 60 / other.seconds
    show(
        f"Beside {many(MERGES_A_MINUTE)} merges a minute: {many(STORED)} events stored, five journeys",
        ["what", "beside other events", "beside merges", "ratio"],
        rows,
        "As many new visitors either way, who only track an event or identify themselves: "
        f"{many(rate)} merges\na minute until all were in the ledger. Refused answers: "
        f"{sum(shots.refused for side in (one, other) for shots in side.shots)}.",
    )


def _row(what: str, plain: float, merging: float) -> list[object]:
    return [what, ms(plain), ms(merging), times(merging / plain)]


def _median(values: Any) -> float:
    return statistics.median(values)


def _p90(values: list[float]) -> float:
    return statistics.quantiles(values, n=10)[-1]
