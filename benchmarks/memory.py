"""Whether memory stays flat: a whole running Waywiser takes millions of events of ever new customers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.alone import processes
from benchmarks.load import LONGEST_SECONDS, fire
from benchmarks.servers import Server, installed
from benchmarks.tables import many, mib, say, show
from benchmarks.traffic import batch_requests, messages
from journeys.definitions import parse_yaml
from server.demo.loading import JOURNEYS

EVENTS = 5_000_000
LOOK_EVERY = 500_000
AT_ONCE = 20_000
BATCH = 50
MOST_WAITING = 400  # envelopes; the worker sets the pace
UNPACED = 1_000_000.0  # requests a second that nobody reaches: each is sent once, as soon as it can be
NOTE = (
    "Memory is that of the server's processes, door and worker together, when so many events were sent.\n"
    f"Batches of {BATCH}; every {many(AT_ONCE)} events come from new customers with new pages and sessions."
)


@dataclass(frozen=True)
class Look:
    """How it stood at one moment. `rate` is the pace since the look before, in events a second."""

    events: int
    memory: int
    waiting: int
    rate: float


def run(*, quick: bool, events: int | None = None) -> None:
    """Measure and print."""
    count = events or (200_000 if quick else EVENTS)
    with tempfile.TemporaryDirectory(prefix="waywiser-memory-") as folder, processes(2) as pool:
        keys = installed(Path(folder))
        with Server(Path(folder), "server", "serve") as server:
            _save_journeys(server, keys)
            looks = list(_looks(server, pool, keys, count, min(LOOK_EVERY, count // 4)))
    rows = [[many(one.events), mib(one.memory), many(one.rate), one.waiting] for one in looks]
    show("Memory by events sent", ["events", "memory", "events/s", "envelopes waiting"], rows, NOTE)


def _looks(
    server: Server, pool: ProcessPoolExecutor, keys: dict[str, str], count: int, every: int
) -> Iterator[Look]:
    sent, looked, since = 0, 0, time.perf_counter()
    coming = pool.submit(_requests, keys, 1)
    while sent < count:
        requests, coming = coming.result(), pool.submit(_requests, keys, sent // AT_ONCE + 2)
        shots = pool.submit(fire, server.port, requests, seconds=LONGEST_SECONDS, rate=UNPACED).result()
        if shots.refused:
            raise RuntimeError(f"{shots.refused} requests were refused")
        sent += shots.answered * BATCH
        while (waiting := _waiting(server)) > MOST_WAITING:
            time.sleep(0.2)
        if sent >= looked + every:
            now = time.perf_counter()
            yield (look := Look(sent, server.resident(), waiting, (sent - looked) / (now - since)))
            say(f"{many(look.events)} events: {mib(look.memory)}, {many(look.rate)} events/s")
            looked, since = sent, now


def _waiting(server: Server) -> int:
    return int(server.ask("/health")["inbox"]["waiting"])


def _requests(keys: dict[str, str], seed: int) -> list[bytes]:
    """Batches that nobody sent before: each seed is another company with customers of its own."""
    return batch_requests([_own(one, seed) for one in messages(AT_ONCE, seed=seed)], keys, BATCH)


def _own(message: dict[str, Any], seed: int) -> dict[str, Any]:
    if "userId" in message:
        message["userId"] = f"{seed}-{message['userId']}"
    if page := message["context"].get("page"):
        page["url"] += f"?utm_campaign=mail-{seed % 50}&from={message['messageId']}"
    return message


def _save_journeys(server: Server, keys: dict[str, str]) -> None:
    for file in sorted(JOURNEYS.glob("*.yaml")):
        server.ask("/api/v1/journeys", parse_yaml(file.read_text()).source, token=keys["api_token"])
