"""Journeys: back-fill, every report, recomputation and refresh over histories of several sizes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.alone import alone
from benchmarks.asked import questions
from benchmarks.reports import A_SECOND, ACTIVE, LIVE, Found, Took, measured, written
from benchmarks.tables import many, mib, ms, say, show, times

SIZES = (1_000_000, 10_000_000)
TURNS = 7


def run(*, quick: bool, sizes: tuple[int, ...] = ()) -> None:
    """Measure and print."""
    end = time.time_ns() // 1_000_000
    found: list[Found] = []
    for count in sizes or ((300_000,) if quick else SIZES):
        with tempfile.TemporaryDirectory(prefix="waywiser-journeys-") as folder:
            url = f"chdb:///{Path(folder).absolute()}/events"
            say(f"journeys: making a history of {many(count)} events")
            size = alone(written, url, count, end)
            say("journeys: measuring")
            found.append(alone(measured, url, size, end, 3 if quick else TURNS))
            _show(found[-1])
    if len(found) > 1:
        _show_growth(found)


def _show(found: Found) -> None:
    size, disk = found.size, found.disk
    columns = ["what", "time", "CPU", "to windowFunnel", "to sorted arrays", ""]
    show(
        f"Journeys: {many(size['events'])} events, {many(size['relevant'])} of the journey, "
        f"{many(size['customers'])} customers, {many(found.runs)} runs",
        columns,
        _rows(found),
        f"windowFunnel: a plain funnel over the journey's events, {ms(found.peers['funnel'].wall)}.\n"
        f"sorted arrays: plain arraySort(groupArray()) of them, {ms(found.peers['histories'].wall)}; "
        f"for what reads touchpoints of all events, {ms(found.peers['everything'].wall)}.\n"
        "recompute is held against both over the same customers alone.\nMemory of the process: "
        f"{mib(found.memory[0])} before the back-fill, {mib(found.memory[1])} at its peak, "
        f"{mib(found.memory[2])} at the peak of all that is listed here.\nOn disk: events "
        f"{mib(disk['events'])}, {disk['events'] / size['events']:.0f} bytes each; stored runs "
        f"{mib(disk['journey_runs'])}, {disk['journey_runs'] / max(found.runs, 1):.0f} bytes each.",
    )


def _show_growth(found: list[Found]) -> None:
    """The same questions side by side, from the smallest history to the largest."""
    laps = [dict(_laps(one)) for one in found]
    sizes = [f"{many(one.size['events'])} events" for one in found]
    show(
        "Growth: time, and processor time",
        ["what", *sizes],
        [[name, *(f"{ms(one[name].wall)}, {ms(one[name].cpu)}" for one in laps)] for name in laps[0]],
    )


def _laps(found: Found) -> Iterator[tuple[str, Took]]:
    yield "back-fill", found.fill
    yield "sessions, all counted and stored", found.sessions
    yield from found.reports.items()
    yield "refresh of a second's events", found.arriving
    yield "plain windowFunnel", found.peers["funnel"]
    yield "plain sorted arrays", found.peers["histories"]
    yield "plain sorted arrays of all events", found.peers["everything"]


def _rows(found: Found) -> Iterator[list[str]]:
    funnel, histories, everything = (found.peers[name] for name in ("funnel", "histories", "everything"))
    pace = f"{found.size['events'] / found.fill.wall / 1e6:.2f} million events/s"
    yield _row("back-fill", found.fill, funnel, histories, pace)
    pace = f"{found.size['events'] / found.sessions.wall / 1e6:.2f} million events/s"
    yield _row("sessions, all counted and stored", found.sessions, funnel, everything, pace)
    for one in questions():
        yield _row(one.name, found.reports[one.name], funnel, everything if one.of_touchpoints else histories)
    yield _row(f"funnel after {LIVE} recomputations", found.funnel_later, funnel, histories)
    arriving = f"{many(A_SECOND / found.arriving.wall)} events/s"
    yield _row(
        f"refresh of {many(A_SECOND)} events of {ACTIVE} customers",
        found.arriving,
        funnel,
        histories,
        arriving,
    )
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
