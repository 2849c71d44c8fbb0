"""The tasks of a page's main thread that run a script: all together, and the longest, in processor time."""

from __future__ import annotations

import json
import statistics
from typing import Any

from playwright.sync_api import Browser

from benchmarks.tables import show

TASK = "ThreadControllerImpl::RunTask"
RUNS = ("v8.run", "v8.callFunction")
SETTLE_MS = 1_000

Event = dict[str, Any]


def never_run(script: bytes) -> bytes:
    """The same script, as costly to fetch and to read, of which nothing is done."""
    start, end = b"(()=>{", b"})()"
    head, found, rest = script.partition(start)
    assert found, script[:40]
    assert rest.endswith(end), script[-40:]
    return head + b"window.never=" + start + rest.removesuffix(b"()")


def compare(browser: Browser, addresses: dict[str, str], rounds: int) -> None:
    """Load each page in turns and print what its script takes."""
    found: dict[str, list[list[float]]] = {name: [] for name in addresses}
    for _ in range(rounds):
        for name, address in addresses.items():
            found[name].append(_tasks(browser, address))
    rows = [
        (
            name,
            f"{statistics.median(map(max, tasks)):.1f}",
            f"{statistics.median(map(sum, tasks)):.1f}",
            f"{statistics.median(map(len, tasks)):.0f}",
        )
        for name, tasks in found.items()
    ]
    columns = ("script", "longest task ms", "all tasks ms", "tasks")
    show("Tasks of the main thread that run the snippet", columns, rows, f"Medians of {rounds} loads.")


def _tasks(browser: Browser, address: str) -> list[float]:
    page = browser.new_context().new_page()
    browser.start_tracing(page=page, categories=["-*", "toplevel", "v8"])
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLE_MS)
    events: list[Event] = json.loads(browser.stop_tracing())["traceEvents"]
    page.context.close()
    first = next(one for one in events if one["name"] == "v8.run" and "/script/" in str(one.get("args")))
    thread = [one for one in events if (one["pid"], one["tid"]) == (first["pid"], first["tid"])]
    runs = [one["ts"] for one in thread if one["name"] in RUNS and one["ts"] >= first["ts"]]
    return [
        task["tdur"] / 1000
        for task in thread
        if task["name"] == TASK and any(task["ts"] <= at < task["ts"] + task["dur"] for at in runs)
    ]
