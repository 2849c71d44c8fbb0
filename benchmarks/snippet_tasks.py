"""What a script takes of a page's main thread while the page loads, and in the second after: processor time.

A task that runs the script counts whole, and so does one that brings the answer to its request. One that is
mostly the browser's own, as that of the load event, counts by the calls of the script in it.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser

from benchmarks.tables import show

TASK = "ThreadControllerImpl::RunTask"
RUNS = ("v8.run", "v8.callFunction")
ANSWER = "network.mojom.URLLoaderClient"
LOADED = "loadEventEnd"
SETTLE_MS = 1_000

Event = dict[str, Any]


def never_run(script: bytes) -> bytes:
    """The same script, as costly to fetch and to read, of which nothing is done."""
    start, end = b"(()=>{", b"})()"
    head, found, rest = script.partition(start)
    assert found, script[:40]
    assert rest.endswith(end), script[-40:]
    return head + b"window.never=" + start + rest.removesuffix(b"()")


@dataclass
class Taken:
    """Milliseconds of each task that worked for the script."""

    at_load: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)

    @property
    def all(self) -> list[float]:
        """Of both, in no order."""
        return self.at_load + self.after


def compare(browser: Browser, addresses: dict[str, str], rounds: int) -> None:
    """Load each page in turns and print what its script takes."""
    found: dict[str, list[Taken]] = {name: [] for name in addresses}
    for _ in range(rounds):
        for name, address in addresses.items():
            found[name].append(_taken(browser, address))
    rows = [
        (
            name,
            f"{statistics.median(sum(one.at_load) for one in loads):.1f}",
            f"{statistics.median(sum(one.after) for one in loads):.1f}",
            f"{statistics.median(max(one.all) for one in loads):.1f}",
            f"{statistics.median(len(one.all) for one in loads):.0f}",
        )
        for name, loads in found.items()
    ]
    columns = (
        "script",
        "until the load event ends, ms",
        "in the second after, ms",
        "longest task ms",
        "tasks",
    )
    show("The snippet on the main thread", columns, rows, f"Medians of {rounds} loads.")


def _taken(browser: Browser, address: str) -> Taken:
    page = browser.new_context().new_page()
    browser.start_tracing(page=page, categories=["-*", "toplevel", "v8", "blink.user_timing"])
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLE_MS)
    events: list[Event] = json.loads(browser.stop_tracing())["traceEvents"]
    page.context.close()
    first = next(one for one in events if one["name"] == "v8.run" and "/script/" in str(one.get("args")))
    thread = [one for one in events if (one["pid"], one["tid"]) == (first["pid"], first["tid"])]
    loaded = max(one["ts"] for one in thread if one["name"] == LOADED)
    runs = [one for one in thread if one["name"] in RUNS and one["ts"] >= first["ts"]]
    answers = [one for one in thread if ANSWER in str(one.get("args")) and one["ts"] > runs[-1]["ts"]]
    taken = Taken()
    for task in thread:
        if task["name"] == TASK and (cost := _cost(task, runs, answers)):
            (taken.after if task["ts"] > loaded else taken.at_load).append(cost / 1000)
    return taken


def _cost(task: Event, runs: list[Event], answers: list[Event]) -> float:
    """Microseconds of it that are the script's."""
    calls = sum(
        run["tdur"] for run in runs if _within(run, task) and not any(_within(run, one) for one in runs)
    )
    is_its_own = calls > task.get("tdur", 0) / 2 or any(_within(answer, task) for answer in answers)
    return task["tdur"] if is_its_own else calls


def _within(one: Event, other: Event) -> bool:
    return one is not other and other["ts"] <= one["ts"] < other["ts"] + other.get("dur", 0)
