"""The shapes that the fault tests break: one box, several processes, a small disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.event_server import Trouble
from tests.faults.fleet import Fleet, shared_store
from tests.installation import Running, eventually, free_port

FIGURES = pytest.StashKey[list[str]]()
Note = Callable[[str], None]
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "3"))
THOROUGH = ROUNDS > 10


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """Tells the reader of the test's output how much was tried."""
    figures = request.config.stash.setdefault(FIGURES, [])
    return lambda text: figures.append(f"{request.node.name}: {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures that the tests noted."""
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


class SmallDisk:
    """A file system of some MiB, in memory."""

    MIB = 96

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, leave_mib: int = 0) -> None:
        """Take all its room, but for this much."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1024 * 1024, 4096):
                with suppress(OSError):
                    while shutil.disk_usage(self.folder).free > leave_mib * 1024 * 1024:
                        file.write(bytes(size))

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


class SharedEvents:
    """The event server of the tests, which can be killed, started again and made to fail."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self._running: Running | None = None
        self.start()

    def address(self, database: str) -> str:
        """The setting EVENTS_URL for this database."""
        return f"clickhouse://127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [sys.executable, "-m", "tests.event_server", str(self._folder), str(self._port)]
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


@pytest.fixture(scope="session")
def event_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedEvents]:
    """One event server for all fault tests."""
    folder = tmp_path_factory.mktemp("event-server")
    server = SharedEvents(folder)
    yield server
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def events_address(event_server: SharedEvents) -> Iterator[str]:
    """An event database of its own that several processes can share."""
    address = event_server.address(f"t_{uuid.uuid4().hex[:12]}")
    yield address
    event_server.heal()
    with shared_store(address) as store:
        store.command(f"drop database if exists `{store.database}`")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A folder on a small file system of its own, which can be filled."""
    folder = tmp_path / "small"
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("there is no program `mount` here")
    words = ["mount", "-t", "tmpfs", "-o", f"size={SmallDisk.MIB}m", "tmpfs", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def fleet(tmp_path: Path, pg_address: str, events_address: str) -> Iterator[Fleet]:
    """An installed Waywiser on PostgreSQL and a shared event store, of which nothing runs yet."""
    with Fleet(tmp_path, database=pg_address, events=events_address) as fleet:
        fleet.init()
        yield fleet
