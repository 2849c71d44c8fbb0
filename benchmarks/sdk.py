"""The Python SDK beside five libraries: what a call costs, how fast all is sent, and what is lost."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import sdk_loss
from benchmarks.sdk_loss import OURS, PEERS, SYNCHRONOUS
from benchmarks.sdk_peers import Sink, environment, interpreter
from benchmarks.tables import many, mib, micro, ms, say, show

MODULES = {
    OURS: "waywiser",
    f"{OURS}-durable": "waywiser",
    "segment-analytics-python": "segment.analytics",
    "rudder-sdk-python": "rudderstack.analytics",
    "posthog": "posthog",
    "mixpanel": "mixpanel",
    "snowplow-tracker": "snowplow_tracker",
}
SPEED_COLUMNS = (
    *("library", "paced p50", "p99", "burst p50", "p99", "events/s until flush returns"),
    *("memory of the burst", "peak", "import", "missing"),
)
NOTE = """2,000 calls paced at 1,000 a second, then {burst} in a burst ({few} for mixpanel, which sends within
each call). Queues are made large enough for the burst. durable: with a spool that is written before a call
returns. memory of the burst: resident memory that the process gained in it; peak: of the whole process.
import: processor time of the package, beyond the bare interpreter. missing: events that never arrived."""


def run(*, quick: bool) -> None:
    """Measure and print."""
    say(f"sdk: the libraries' environment is {interpreter()}")
    speeds(20_000 if quick else 50_000, 1 if quick else 5)
    sdk_loss.run(quick=quick)


def speeds(count: int, rounds: int) -> None:
    """What a call costs, and how fast all is sent."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in MODULES}
    for turn in range(rounds):
        for name in (OURS, f"{OURS}-durable", *PEERS):
            found[name].append(_speed(name, count // 20 if name in SYNCHRONOUS else count))
            say(f"round {turn + 1}: {name}, {many(found[name][-1]['rate'])} events/s")
    rows = [[name, *_figures(mine), ms(_import_seconds(MODULES[name]))] for name, mine in found.items()]
    missing = {name: sum(one["missing"] for one in mine) for name, mine in found.items()}
    show(
        f"SDK: what a call costs; medians of {rounds} alternating rounds",
        SPEED_COLUMNS,
        [[*row, many(missing[str(row[0])])] for row in rows],
        NOTE.format(burst=many(count), few=many(count // 20)),
    )


def _speed(library: str, count: int) -> dict[str, Any]:
    with Sink() as sink, tempfile.TemporaryDirectory(prefix="waywiser-sdk-") as folder:
        done = subprocess.run(
            [interpreter(), "-m", "benchmarks.sdk_caller", "speed", library, str(count)],
            env=environment(
                BENCH_HOST=sink.url, BENCH_LEDGER=Path(folder) / "ledger", BENCH_SPOOL=Path(folder) / "spool"
            ),
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        time.sleep(0.5)
        counts = sink.counts()
        return {**found, "missing": found["sent"] - len(counts["once"]) - len(counts["more"])}


def _figures(mine: list[dict[str, Any]]) -> list[str]:
    def median(*path: str) -> float:
        values = []
        for one in mine:
            value: Any = one
            for name in path:
                value = value[name]
            values.append(value)
        return statistics.median(values)

    return [
        *(micro(median(kind, share)) for kind in ("paced", "burst") for share in ("p50", "p99")),
        many(median("rate")),
        mib(median("memory")),
        mib(median("peak")),
    ]


def _import_seconds(module: str) -> float:
    """How much processor time the import takes beyond the start of the interpreter."""
    took: dict[str, list[float]] = {"pass": [], f"import {module}": []}
    for _ in range(9):
        for words, mine in took.items():
            before = _of_children()
            subprocess.run([interpreter(), "-c", words], env=environment(), check=True, timeout=60)
            mine.append(_of_children() - before)
    bare, whole = map(statistics.median, took.values())
    return whole - bare


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
