"""Lets client libraries send through relays, and reads back what the collector made of it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.clients.relay import FAULTS, Relay, relayed
from tests.installation import Installation, eventually

HERE = Path(__file__).parent
PYTHON_MODULES = {"segment_python": "segment.analytics", "rudder_python": "rudderstack.analytics"}
LIBRARIES = HERE / "node_modules"
SERVER_CLIENTS = (*PYTHON_MODULES, "segment_node")
MANY = 120  # more than any of the libraries puts into one request
CASES = (*FAULTS, "unknown_key", "captured")

CONTEXT = {
    "ip": "203.0.113.9",
    "locale": "de-DE",
    "timezone": "Europe/Berlin",
    "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "page": {
        "url": "https://shop.example/docs/start?utm_source=news&token=s3cret",
        "path": "/docs/start",
        "title": "Start here",
        "referrer": "https://blog.example/list?id=7",
    },
    "campaign": {"name": "spring", "source": "news", "medium": "email"},
    "app": {"name": "Shop", "build": 7},
}

Row = dict[str, Any]


@dataclass
class Sent:
    """What one client did in front of one relay, and the events that the collector has of it."""

    relay: Relay
    who: str
    start: int
    failures: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def messages(self) -> dict[str, Row]:
        """Every message by its id, as it was sent when it was first kept."""
        kept: dict[str, Row] = {}
        for capture in self.relay.posts:
            if capture.status == 200 or self.relay.fault in ("answer_lost", "cut_off"):
                for message in capture.messages:
                    kept.setdefault(message["messageId"], message)
        return kept

    def at(self, n: int) -> int:
        """The time given to the call with this number."""
        return self.start + 1001 * n


@contextmanager
def served(place: Installation) -> Iterator[None]:
    """The server runs until all that was sent is worked off; then its event store is free to be read."""
    place.start()
    try:
        yield
        assert eventually(lambda: waiting(place), lambda n: n == 0, seconds=120) == 0
    finally:
        place.stop()


def waiting(place: Installation) -> int:
    """How many envelopes the inbox holds."""
    with closing(sqlite3.connect(place.folder / "data" / "waywiser.db")) as connection:
        return int(connection.execute("select count(*) from inbox").fetchone()[0])


@contextmanager
def prepared(place: Installation, client: str) -> Iterator[list[Sent]]:
    """A relay for each case, and the names that the client is to use there."""
    with ExitStack() as stack:
        yield [
            Sent(stack.enter_context(relayed(place.address, case)), f"{client}.{case}", ten_minutes_ago())
            for case in CASES
        ]


def ten_minutes_ago() -> int:
    """A time with milliseconds that no library leaves out."""
    return time.time_ns() // 1_000_000_000 * 1000 - 600_000 + 123


def order(sent: Sent, key: str, many: int = MANY) -> dict[str, Any]:
    """What a client is told to do."""
    return {
        "host": sent.relay.address,
        "key": key,
        "who": sent.who,
        "start": sent.start,
        "context": CONTEXT,
        "many": many,
    }


def let_send(client: str, orders: list[dict[str, Any]]) -> list[list[str]]:
    """Run a server-side library, its orders side by side; returns what it could not deliver of each."""
    if client == "segment_node":
        return list(json.loads(_finished([_started(["node", str(HERE / "server_calls.mjs")], orders)])[0]))
    command = [sys.executable, str(HERE / "server_calls.py"), PYTHON_MODULES[client]]
    return [json.loads(one) for one in _finished([_started(command, one) for one in orders])]


def _started(command: list[str], order: Any) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write(json.dumps(order))
    process.stdin.close()
    process.stdin = None  # so that nobody flushes it again
    return process


def _finished(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What each of them printed; none outlives this."""
    try:
        printed = [process.communicate(timeout=120) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, problem) in zip(processes, printed, strict=True):
        assert process.returncode == 0, problem
    return [out for out, _ in printed]


def stored(place: Installation) -> list[Row]:
    """All events by their times (in milliseconds), with their customers. No server may run."""
    script = (
        "import json\nfrom store.events import EventStore\nfrom store.settings import Settings\n"
        "events = EventStore(Settings.read().events_url)\n"
        "print(json.dumps(list(events.query('''select * replace (hex(event_id) as event_id,"
        " toUnixTimestamp64Milli(timestamp) as timestamp, toUnixTimestamp64Milli(received_at) as received_at)"
        " from customer_events order by timestamp, sequence'''))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=place.folder,
        env=place.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        row | {name: json.loads(row[name]) for name in ("properties", "traits", "context")}
        for row in json.loads(done.stdout)
    ]


def milliseconds(text: str) -> int:
    """A time as a library writes it, in whole milliseconds since 1970."""
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
