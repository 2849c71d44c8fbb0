"""Says on which machine the figures were measured, and how much processor and memory a process took."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("granian", "flask", "msgspec", "sqlalchemy", "chdb", "clickhouse-connect")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def described() -> list[tuple[str, str]]:
    """What a reader must know to compare these figures with others."""
    load = os.getloadavg()[0]
    return [
        ("processor", f"{os.cpu_count()} cores, {_processor()}"),
        ("memory", f"{os.sysconf('SC_PHYS_PAGES') * PAGE / 2**30:.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES)),
        ("sync to disk", f"{_sync_ms():.2f} ms (median of writing and syncing 4 KiB)"),
        (
            "load before",
            f"{load:.1f} processes want a core" + (" (busy: trust ratios)" if load > 0.5 else ""),
        ),
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _sync_ms() -> float:
    took = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(60):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000


def processor_seconds(group: int) -> float:
    """Processor time that the processes of a group have used so far."""
    return sum(int(one[11]) + int(one[12]) for one in _stats(group)) / TICKS


def resident(group: int) -> int:
    """Bytes of memory that the processes of a group hold together."""
    return sum(int(one[21]) * PAGE for one in _stats(group))


def resident_now() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def _stats(group: int) -> list[list[str]]:
    """The fields of /proc/<pid>/stat from the process state on, of each process of the group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(stat[2]) == group:
            found.append(stat)
    return found
