"""The SDK for an hour's worth of events against a collector that fails at random: flat memory, exact counts.

`python -m benchmarks.sdk_soak EVENTS [SEED]`. For the same seed the failures come in the same order.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.sdk_libraries import PROPERTIES, event
from benchmarks.sdk_peers import Sink, environment
from benchmarks.tables import many, mib, say, show

EVENTS = 3_600_000  # an hour of 1,000 a second
SEED = 7
LOOKS = 20
MOST_WAITING = 20_000  # the program waits while more do, as one that wants to lose nothing may
LAST_SECONDS = 300.0


@dataclass(frozen=True)
class Look:
    """How it stood at one moment; the rate is that since the look before."""

    events: int
    memory: int
    seconds: float
    rate: float


@dataclass
class Soak:
    """What came of it: the client's own counters, what its callbacks told, and what the collector counted."""

    tracked: int
    enqueued: int
    sent: int
    retried: int
    waiting: int
    dropped: dict[str, int]
    told: dict[str, int]
    seconds: float
    looks: list[Look]
    collector: dict[str, Any] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """What does not add up, in sentences; none if every event is accounted for."""
        accepted, refused = self.collector["accepted"], self.collector["refused"]
        claims = {
            "every event was taken": self.tracked == self.enqueued,
            "sent are what the collector accepted": self.sent == accepted,
            "rejected are what the collector refused": self.dropped.get("rejected", 0) == refused,
            "nothing else was dropped": set(self.dropped) <= {"rejected"},
            "every drop was told": self.told == self.dropped,
            "nothing waits": self.waiting == 0,
            "sent and rejected are all": accepted + refused == self.tracked,
        }
        return [claim for claim, is_true in claims.items() if not is_true]

    @property
    def growth(self) -> int:
        """Bytes by which the least memory in the last quarter lies above the least in the second.

        Memory swings by what waits and by the batch in hand; what stays shows in its lowest point.
        """
        quarter = max(1, len(self.looks) // 4)
        early, late = self.looks[quarter : 2 * quarter], self.looks[-quarter:]
        return min(x.memory for x in late) - min(x.memory for x in early)


def soak(events: int, seed: int = SEED, told: Callable[[Look], object] = repr) -> Soak:
    """Let a process of its own send so many events to a collector that fails at random."""
    found: Soak | None = None
    command = [sys.executable, "-m", "benchmarks.sdk_soak", "send"]
    with Sink("moody", seed=seed, events=events) as sink, tempfile.TemporaryFile() as log:
        words = [*command, sink.url, str(events)]
        with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=log) as process:
            for line in process.stdout or ():
                if line.startswith(b'{"look":'):
                    told(msgspec.json.decode(line, type=dict[str, Look])["look"])
                else:
                    found = msgspec.json.decode(line, type=Soak)
        if process.returncode or found is None:
            log.seek(0)
            raise RuntimeError(log.read().decode()[-4_000:])
        found.collector = sink.counts()
        return found


def run(*, quick: bool, events: int | None = None, seed: int = SEED) -> Soak:
    """Measure and print."""
    count = events or (200_000 if quick else EVENTS)
    found = soak(count, seed, lambda look: say(f"{many(look.events)} events: {mib(look.memory)}"))
    looks = found.looks
    show(
        f"Soak of the SDK: {many(count)} events, seed {seed}",
        ["events tracked", "memory", "events/s since", "seconds"],
        [[many(x.events), mib(x.memory), many(x.rate), f"{x.seconds:.0f}"] for x in looks],
        f"least memory of the last quarter beside that of the second: {found.growth / 2**20:+.1f} MiB",
    )
    kinds = found.collector["kinds"]
    rows = [
        ("events tracked by the program", found.tracked),
        ("accepted by the collector, each counted once", found.collector["accepted"]),
        ("sent, as the client counts", found.sent),
        ("refused by the collector for good", found.collector["refused"]),
        ("rejected, as the client counts and tells", found.dropped.get("rejected", 0)),
        ("other drops", sum(n for why, n in found.dropped.items() if why != "rejected")),
        ("messages sent again after a failure", found.retried),
        ("copies that the collector received of accepted ones", found.collector["copies"]),
        ("requests", found.collector["requests"]),
        *((f"requests: {kind}", n) for kind, n in sorted(kinds.items())),
    ]
    show("Soak: what became of them", ["what", "n"], [[what, many(n)] for what, n in rows])
    say("every event is accounted for" if not found.faults else f"WRONG: {'; '.join(found.faults)}")
    return found


def send(host: str, events: int) -> Soak:
    """The program: tracks as fast as the client takes events without more waiting than it wants."""
    from waywiser import Client

    told: Counter[str] = Counter()
    lock = threading.Lock()

    def dropped(drop: Any) -> None:
        with lock:
            told[drop.reason.value] += 1

    client = Client("key", host, service="soak", on_drop=dropped)
    looks: list[Look] = []
    start = looked = time.perf_counter()
    every = max(1, events // LOOKS)
    for number in range(events):
        if number % 1_000 == 0:
            while client.stats().waiting > MOST_WAITING:
                time.sleep(0.01)
        client.track(event(number), user_id=f"customer-{number % 997}", properties=PROPERTIES)
        if (number + 1) % every == 0:
            now = time.perf_counter()
            looks.append(Look(number + 1, _resident(), now - start, every / (now - looked)))
            looked = now
            print(msgspec.json.encode({"look": looks[-1]}).decode(), flush=True)
    client.flush(timeout=LAST_SECONDS)
    client.close(timeout=LAST_SECONDS)
    stats = client.stats()
    return Soak(
        tracked=events,
        enqueued=stats.enqueued,
        sent=stats.sent,
        retried=stats.retried,
        waiting=stats.waiting,
        dropped=dict(stats.dropped),
        told=dict(told),
        seconds=time.perf_counter() - start,
        looks=looks,
    )


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Run the soak, or the program inside of it."""
    if sys.argv[1:2] == ["send"]:
        print(msgspec.json.encode(send(sys.argv[2], int(sys.argv[3]))).decode(), flush=True)
        return
    events, seed = (*map(int, sys.argv[1:]), *(EVENTS, SEED)[len(sys.argv) - 1 :])
    sys.exit(bool(run(quick=False, events=events, seed=seed).faults))


if __name__ == "__main__":
    main()
