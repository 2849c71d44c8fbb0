"""Journeys: back-fill, reports, paths and recomputation over a million and ten million events."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.alone import alone
from benchmarks.reports import LIVE, Found, Took, measured, written
from benchmarks.tables import many, mib, ms, say, show, times

SIZES = (1_000_000, 10_000_000)
TURNS = 7


def run(*, quick: bool, sizes: tuple[int, ...] = ()) -> None:
    """Measure and print."""
    end = time.time_ns() // 1_000_000
    for count in sizes or ((300_000,) if quick else SIZES):
        with tempfile.TemporaryDirectory(prefix="waywiser-journeys-") as folder:
            url = f"chdb:///{Path(folder).absolute()}/events"
            say(f"journeys: making a history of {many(count)} events")
            size = alone(written, url, count, end)
            say("journeys: measuring")
            _show(alone(measured, url, size, end, 3 if quick else TURNS))


def _show(found: Found) -> None:
    size = found.size
    columns = ["what", "time", "CPU", "to windowFunnel", "to sorted arrays", ""]
    show(
        f"Journeys: {many(size['events'])} events, {many(size['relevant'])} of the journey, "
        f"{many(size['customers'])} customers, {many(found.runs)} runs",
        columns,
        _rows(found),
        f"windowFunnel: a plain funnel over the journey's events, {ms(found.peers['funnel'].wall)}.\n"
        f"sorted arrays: plain arraySort(groupArray()) of them, {ms(found.peers['histories'].wall)}; "
        f"for paths of all events, {ms(found.peers['everything'].wall)}.\n"
        "recompute is held against both over the same customers alone.\nMemory of the process: "
        f"{mib(found.memory[0])} before the back-fill, {mib(found.memory[1])} at its peak.",
    )


def _rows(found: Found) -> Iterator[list[str]]:
    funnel, histories, everything = (found.peers[name] for name in ("funnel", "histories", "everything"))
    pace = f"{found.size['events'] / found.fill.wall / 1e6:.2f} million events/s"
    yield _row("back-fill", found.fill, funnel, histories, pace)
    for name, took in found.reports.items():
        yield _row(name, took, funnel, histories)
    yield _row(f"funnel after {LIVE} recomputations", found.funnel_later, funnel, histories)
    for name, took in found.paths.items():
        yield _row(name, took, funnel, everything)
    for n, took in found.touched.items():
        peers = found.touched_peers[n]
        yield _row(
            f"recompute {many(n)} customers",
            took,
            peers["funnel"],
            peers["histories"],
            f"{many(n / took.wall)}/s",
        )


def _row(name: str, took: Took, funnel: Took, arrays: Took, note: str = "") -> list[str]:
    return [
        name,
        ms(took.wall),
        ms(took.cpu),
        times(took.wall / funnel.wall),
        times(took.wall / arrays.wall),
        note,
    ]
