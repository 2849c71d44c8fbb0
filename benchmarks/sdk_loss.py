"""What becomes of events when something goes wrong: each library in each trouble, in processes of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.sdk_peers import Sink, end, environment, interpreter
from benchmarks.tables import many, say, show
from tests.installation import free_port

OURS = "waywiser"
PEERS = ("segment-analytics-python", "rudder-sdk-python", "posthog", "mixpanel", "snowplow-tracker")
SYNCHRONOUS = ("mixpanel",)
EVENTS = 5_000
OVERFLOW = 100_000
WEB = 400  # requests, or tasks
QUIET_SECONDS = 1.5  # after the end of the program: what is on its way arrives
COLUMNS = (
    *("trouble", "library", "sent", "received once", "twice", "lost, reported"),
    *("lost in silence", "seconds"),
)
NOTE = (
    "twice: received more than once on the wire.\n"
    "reported: by return value, exception or callback, event by event; a line in a log is none.\n"
    "seconds: until the program had ended; + where it had to be ended because it hung.\n"
    "With spool, durable: after the program's end, `python -m waywiser.spool send` delivers what is there."
)


@dataclass
class Place:
    """One run: its folder, its sink, and what was handed to the library."""

    library: str
    folder: Path
    host: str
    sent: set[int] = field(default_factory=set)
    is_hung: bool = False

    def environment(self) -> dict[str, str]:
        """What the programs of this run need to know."""
        return environment(
            BENCH_LIBRARY=self.library,
            BENCH_HOST=self.host,
            BENCH_LEDGER=self.folder / "ledger",
            BENCH_SPOOL=self.folder / "spool",
            BENCH_QUEUE=self.folder,
            BENCH_CALLS=self.folder / "calls",
        )

    def ledger(self, what: str) -> set[int]:
        """The numbers of the events that were noted so."""
        path = self.folder / "ledger"
        lines = path.read_text().split("\n") if path.exists() else []
        return {int(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{what} ")}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a program of this run, the leader of a group of its own."""
        return subprocess.Popen(
            [interpreter(), *words],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=(self.folder / "log").open("a"),
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str], seconds: float) -> None:
        """Wait for its end, or end it."""
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.is_hung = True
        finally:
            end(process)
        process.communicate()

    def run(self, program: str, count: int, seconds: float) -> None:
        """Run one of the programs of `sdk_caller` to its end."""
        self.sent = set(range(count))
        self.finish(self.start("-m", "benchmarks.sdk_caller", program, self.library, str(count)), seconds)


SMALL = (f"{OURS}-small", f"{OURS}-small-spool")  # with a queue of the size that others have

Act = Callable[[Place], None]


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong: how the sink behaves, what happens, and which of ours are looked at."""

    name: str
    act: Act
    sink: dict[str, Any] | None = field(default_factory=lambda: {"kind": "good"})  # None: nobody listens
    ours: tuple[str, ...] = (OURS, f"{OURS}-spool")
    peers: tuple[str, ...] = PEERS


def signalled(number: int) -> Act:
    """The program gets a signal when all is tracked."""

    def act(place: Place) -> None:
        place.sent = set(range(EVENTS))
        process = place.start("-m", "benchmarks.sdk_caller", "wait", place.library, str(EVENTS))
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        place.finish(process, 30)

    return act


def in_a_burst(number: int) -> Act:
    """The program gets a signal while it tracks; what counts are calls that had returned."""

    def act(place: Place) -> None:
        calls = place.folder / "calls"
        calls.write_bytes(bytes(8))
        process = place.start("-m", "benchmarks.sdk_caller", "burst", place.library, str(10**9))
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.4)
        process.send_signal(number)
        place.finish(process, 30)
        place.sent = set(range(int.from_bytes(calls.read_bytes(), "little")))

    return act


def runs(program: str, count: int = EVENTS, seconds: float = 60, few: int | None = None) -> Act:
    """A program runs to its end; libraries that send within each call get `few` events, if it is given."""

    def act(place: Place) -> None:
        place.run(program, few if few and place.library in SYNCHRONOUS else count, seconds)

    return act


def gunicorn(place: Place) -> None:
    """Four workers that were forked after the client was made; then a graceful stop."""
    port = free_port()
    server = place.start(
        *("-m", "gunicorn", "--preload", "-w", "4", "-b", f"127.0.0.1:{port}", "--log-level", "error"),
        "benchmarks.sdk_web:app",
    )

    def ask(number: int) -> int | None:
        for _ in range(50):
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/?{number}", timeout=20).read()
                return number
            time.sleep(0.1)
        return None

    with ThreadPoolExecutor(8) as pool:
        place.sent = {number for number in pool.map(ask, range(WEB)) if number is not None}
    server.send_signal(signal.SIGTERM)
    place.finish(server, 40)


def celery(place: Place) -> None:
    """Four processes that were forked after the client was made; then a warm stop."""
    for name in ("queue", "control"):
        (place.folder / name).mkdir()
    subprocess.run(
        [interpreter(), "-m", "benchmarks.sdk_tasks", str(WEB)],
        cwd=place.folder,
        env=place.environment(),
        check=True,
        timeout=60,
    )
    worker = place.start(
        *("-m", "celery", "-A", "benchmarks.sdk_tasks:celery", "worker", "--pool", "prefork", "-c", "4"),
        *("-l", "error", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
    deadline = time.monotonic() + 60
    while len(place.ledger("sent")) < WEB and time.monotonic() < deadline:
        time.sleep(0.1)
    worker.send_signal(signal.SIGTERM)
    place.finish(worker, 40)
    place.sent = place.ledger("sent")


TROUBLES = (
    Trouble("fork after construction", runs("fork", 1_000)),
    Trouble("exit without flush", runs("leave")),
    Trouble("SIGTERM", signalled(signal.SIGTERM)),
    Trouble("SIGKILL", signalled(signal.SIGKILL), ours=(OURS, f"{OURS}-durable")),
    Trouble("503 for ten seconds", runs("close", 2_000, few=50), {"kind": "outage", "seconds": 10.0}),
    Trouble("collector down", runs("close", 2_000, 45, few=10), None),
    Trouble("queue overflow", runs("overflow", OVERFLOW, 60, few=20_000), ours=SMALL),
    Trouble(
        "queue overflow, slow collector",
        runs("overflow", OVERFLOW, 45, few=100),
        {"kind": "good", "after": 0.3},
        ours=SMALL,
    ),
    Trouble("slow collector", runs("close", 2_000, 45, few=20), {"kind": "good", "after": 1.0}),
    Trouble("gunicorn preload, 4 workers", gunicorn),
    Trouble("Celery prefork, 4 processes", celery),
    Trouble("burst, SIGTERM", in_a_burst(signal.SIGTERM), ours=SMALL, peers=()),
    Trouble("burst, SIGTERM, collector down", in_a_burst(signal.SIGTERM), None, ours=SMALL, peers=()),
    Trouble("burst, SIGKILL", in_a_burst(signal.SIGKILL), ours=(f"{OURS}-durable",), peers=()),
    Trouble("SIGTERM, collector down", signalled(signal.SIGTERM), None, peers=()),
    Trouble("gunicorn preload, collector down", gunicorn, None, peers=()),
    Trouble("Celery prefork, collector down", celery, None, peers=()),
    Trouble("20 threads", runs("threads", 10_000)),
)


@dataclass(frozen=True)
class Fate:
    """What became of the events of one run."""

    sent: int
    once: int
    twice: int
    reported: int
    silent: int
    seconds: float
    is_hung: bool

    def row(self, trouble: str, library: str) -> list[object]:
        """As the table shows it."""
        counts = (self.sent, self.once, self.twice, self.reported, self.silent)
        return [trouble, library, *map(many, counts), f"{self.seconds:.1f}{' +' if self.is_hung else ''}"]


def fate(trouble: Trouble, library: str) -> Fate:
    """Let one library have one trouble."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="waywiser-sdk-"))
        sink = stack.enter_context(Sink(**trouble.sink)) if trouble.sink else None
        host = sink.url if sink else f"http://127.0.0.1:{free_port()}"
        place = Place(library, Path(folder), host)
        start = time.perf_counter()
        trouble.act(place)
        seconds = time.perf_counter() - start
        time.sleep(QUIET_SECONDS)
        if "spool" in library or "durable" in library:
            sink = sink or stack.enter_context(Sink(port=int(host.rpartition(":")[2])))
            _send_later(place)
        counts = sink.counts() if sink else {"once": [], "more": []}
        received, twice = {*counts["once"], *counts["more"]}, set(counts["more"])
        missing = place.sent - received
        reported = missing & place.ledger("lost")
        return Fate(
            sent=len(place.sent),
            once=len(received & place.sent) - len(twice & place.sent),
            twice=len(twice & place.sent),
            reported=len(reported),
            silent=len(missing - reported),
            seconds=seconds,
            is_hung=place.is_hung,
        )


def _send_later(place: Place) -> None:
    """`python -m waywiser.spool send`, to the same sink, or to one that has come up meanwhile."""
    spool = place.folder / "spool"
    if spool.is_dir():
        words = [interpreter(), "-m", "waywiser.spool", "send", str(spool), "--host", place.host]
        environment = {**place.environment(), "WAYWISER_WRITE_KEY": "key"}
        with (place.folder / "log").open("a") as log:
            subprocess.run(words, env=environment, stdout=log, stderr=log, timeout=120, check=False)


def run(*, quick: bool, names: tuple[str, ...] = ()) -> None:
    """Measure and print; `names` chooses troubles by the start of their names."""
    rows = []
    for trouble in TROUBLES:
        if names and not trouble.name.startswith(names):
            continue
        for library in (*trouble.ours, *(() if quick else trouble.peers)):
            found = fate(trouble, library)
            rows.append(found.row(trouble.name, library))
            say(" | ".join(map(str, rows[-1])))
    show("Loss, by trouble and library", COLUMNS, rows, NOTE)


if __name__ == "__main__":
    run(quick="--quick" in sys.argv, names=tuple(one for one in sys.argv[1:] if one != "--quick"))
