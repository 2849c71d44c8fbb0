"""The event server of the tests as a process: one server, or a cluster of so many shards."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from store.events import EventStore
from store.migrate import migrate_events
from tests.event_server import Trouble
from tests.installation import Running, eventually, free_port
from tests.shards import CLUSTER


class SharedEvents:
    """The event server of the tests, which can be killed, started again and made to fail."""

    def __init__(self, folder: Path, shards: int = 0) -> None:
        self._folder, self._port, self._shards = folder, free_port(), shards
        self._running: Running | None = None
        self.start()

    def address(self, database: str) -> str:
        """The setting EVENTS_URL for this database."""
        return f"clickhouse://127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        given = map(str, (self._folder, self._port, self._shards))
        words = [sys.executable, "-m", "tests.event_server", *given]
        process = subprocess.Popen(words, start_new_session=True)
        self._running = Running(process, f"http://127.0.0.1:{self._port}")
        assert eventually(self._running.answers, bool)

    def kill(self) -> None:
        """End it at once."""
        assert self._running
        self._running.kill()

    def heal(self) -> None:
        """Let it run without trouble, whatever a test did to it."""
        self.trouble(Trouble.NONE)
        if self._running and not self._running.answers():
            self.start()

    def trouble(self, trouble: Trouble) -> None:
        """From now on inserts go like this."""
        fresh = self._folder / "trouble.new"
        fresh.write_text(trouble.value)
        fresh.rename(self._folder / "trouble")


@contextmanager
def served(folder: Path, shards: int = 0) -> Iterator[EventStore]:
    """A migrated, empty event store behind the event server; with `shards` it lies on a cluster."""
    server = SharedEvents(folder, shards)
    try:
        with closing(EventStore(server.address("served"))) as events:
            migrate_events(events, cluster=CLUSTER if shards else None)
            yield events
    finally:
        server.kill()
