"""The shapes that the fault tests break: one box, several processes, a small disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.fleet import Fleet, shared_store
from tests.served import SharedEvents

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

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def free(self) -> int:
        """How many bytes are free."""
        return shutil.disk_usage(self.folder).free

    def fill(self, *, leave_mib: int = 0) -> None:
        """Take all its room, but for this much."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1024 * 1024, 4096):
                with suppress(OSError):
                    while self.free() > leave_mib * 1024 * 1024:
                        file.write(bytes(size))

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


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
    yield from mounted(tmp_path / "small", mib=160)


@pytest.fixture
def large_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """The same with room for a large insert."""
    yield from mounted(tmp_path / "large", mib=600)


def mounted(folder: Path, *, mib: int) -> Iterator[SmallDisk]:
    """A file system of this size while it is needed."""
    folder.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("there is no program `mount` here")
    words = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
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
