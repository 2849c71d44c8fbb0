"""Measures how soon an acknowledged event is seen in a report, against a whole running Waywiser."""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import history
from benchmarks.alone import alone, processes
from benchmarks.load import Shots, fire
from benchmarks.reports import written
from benchmarks.servers import Server, installed
from benchmarks.tables import many, mib, ms, show
from benchmarks.traffic import messages, single_requests
from journeys.definitions import parse_yaml
from server.demo.loading import JOURNEYS
from server.opening import now_ms

PROBE_EVERY = 0.5
LOOK_EVERY = 0.05
FIRST = 10  # probes, in the first seconds of all traffic after the start
PATIENCE = 30.0
PROBE: dict[str, Any] = {
    "key": "probe",
    "name": "Probe",
    "steps": [
        {"key": "seen", "name": "Is seen", "match": [{"event": "Probe Sent"}]},
        {"key": "done", "name": "Is done", "match": [{"event": "Probe Done"}]},
    ],
}


@dataclass
class Watch:
    """When probes were acknowledged, and how long each took to show; all in seconds."""

    acknowledged: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    def look(self, entered: int) -> None:
        """Note the probes that a report counts now."""
        now = time.perf_counter()
        self.delays += [now - at for at in self.acknowledged[len(self.delays) : entered]]


@dataclass(frozen=True)
class Seen:
    """What became of the probes and of the traffic around them."""

    stored: int
    start_seconds: float
    watch: Watch
    shots: Shots
    waiting: int
    cores: float
    memory: tuple[int, int]


def seen(*, seconds: float, per_second: int, stored: int) -> Seen:
    """Run a whole Waywiser with a history, five journeys and steady traffic; look for probes in a report."""
    requests = messages(int(seconds * per_second), per_second=per_second)
    with tempfile.TemporaryDirectory(prefix="waywiser-sight-") as folder:
        keys = installed(Path(folder))
        url = f"chdb:///{Path(folder).absolute()}/data/events"
        alone(written, url, stored, now_ms())
        with Server(Path(folder), "server", "serve") as server, processes() as pool:
            save_journeys(server, keys)
            prepared = single_requests(requests, keys)
            return _watched(server, keys, pool, prepared, seconds=seconds, stored=stored)


def _watched(
    server: Server,
    keys: dict[str, str],
    pool: ProcessPoolExecutor,
    requests: list[bytes],
    *,
    seconds: float,
    stored: int,
) -> Seen:
    pool.submit(int).result()  # the process is there before the clock runs
    begin, cpu, memory = time.perf_counter(), server.processor_seconds(), server.resident()
    rate = len(requests) / seconds
    sending = pool.submit(fire, server.port, requests, seconds=seconds + PATIENCE, rate=rate)
    watch = _watch(server, keys, sending)
    took = time.perf_counter() - begin
    return Seen(
        stored=stored,
        start_seconds=server.start_seconds,
        watch=watch,
        shots=sending.result(),
        waiting=server.ask("/health")["inbox"]["waiting"],
        cores=(server.processor_seconds() - cpu) / took,
        memory=(memory, server.resident()),
    )


def _watch(server: Server, keys: dict[str, str], sending: Future[Shots]) -> Watch:
    """Send a probe now and then while traffic flows, and ask for the funnel until all are counted."""
    watch, due, end = Watch(), time.perf_counter() + PROBE_EVERY, 0.0
    while not end or (len(watch.delays) < len(watch.acknowledged) and time.perf_counter() < end):
        if sending.done():
            end = end or time.perf_counter() + PATIENCE
        elif time.perf_counter() >= due:
            _send_probe(server, keys, len(watch.acknowledged))
            watch.acknowledged.append(time.perf_counter())
            due += PROBE_EVERY
        watch.look(server.ask("/api/v1/journeys/probe/funnel", token=keys["api_token"])["entered"])
        time.sleep(LOOK_EVERY)
    return watch


def _send_probe(server: Server, keys: dict[str, str], number: int) -> None:
    body = {"event": "Probe Sent", "userId": f"probe-{number}", "writeKey": keys["server_key"]}
    server.ask("/v1/track", body)


def save_journeys(server: Server, keys: dict[str, str]) -> None:
    """Save five journeys over the API and wait until each has its runs."""
    demo = [dict(parse_yaml(file.read_text()).source) for file in sorted(JOURNEYS.glob("*.yaml"))]
    for body in (PROBE, history.JOURNEY, *demo):
        server.ask("/api/v1/journeys", body, token=keys["api_token"])
    end = time.perf_counter() + 4 * PATIENCE
    while time.perf_counter() < end:
        found = server.ask("/api/v1/journeys", token=keys["api_token"])["journeys"]
        if all(one["status"] == "live" for one in found):
            return
        time.sleep(0.2)
    raise TimeoutError("the journeys were not filled in time")


def show_sight(found: Seen) -> None:
    """Print what was measured."""
    delays, shots = found.watch.delays, found.shots
    first, later = delays[:FIRST], delays[FIRST:]
    lost = len(found.watch.acknowledged) - len(delays)
    rows: list[list[object]] = [
        ["traffic answered", f"{many(shots.rate)} events/s"],
        ["answers other than 200", shots.refused],
        ["acknowledged after, median", ms(shots.p50)],
        ["acknowledged after, p99", ms(shots.p99)],
        ["seen after the acknowledgement, median", ms(statistics.median(later)) if later else "never"],
        ["seen after the acknowledgement, longest", ms(max(later)) if later else "never"],
        [
            f"the longest of the first {FIRST * PROBE_EVERY:.0f} s of traffic",
            ms(max(first)) if first else "never",
        ],
        [f"probes not seen within {PATIENCE:.0f} s", f"{lost} of {len(found.watch.acknowledged)}"],
        ["envelopes still waiting afterwards", many(found.waiting)],
        ["cores in use", f"{found.cores:.2f}"],
        ["memory before", mib(found.memory[0])],
        ["memory after", mib(found.memory[1])],
        ["start of `waywiser serve`", f"{found.start_seconds:.1f} s"],
    ]
    show(
        f"Acknowledged to visible: one event a request, five journeys, {many(found.stored)} events stored",
        ["what", ""],
        rows,
        f"A probe every {PROBE_EVERY} s; the REST API is asked for the funnel every {ms(LOOK_EVERY)}.",
    )
