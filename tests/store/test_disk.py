"""The disk of the stores: how much is free, and when it will be full."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from store.disk import LEAST_SAMPLES, MIB, Disk, is_short, room
from store.settings import Settings

MINUTE = 60.0


@dataclass
class Watched:
    """A disk whose time and room are set by hand."""

    now: float = 0.0
    free: int = 10_000
    looks: int = 0
    disk: Disk = field(init=False)

    def __post_init__(self) -> None:
        self.disk = Disk(Path("/"), clock=lambda: self.now, free=self._measure)

    def _measure(self, _folder: Path) -> int:
        self.looks += 1
        return self.free

    def lives_through(self, *free: int) -> None:
        for self.free in free:
            self.disk.free()
            self.now += MINUTE


@pytest.mark.parametrize(
    ("free", "forecast"),
    [
        ([10_000 - 60 * n for n in range(10)], (10_000 - 540 - 1_000)),
        ([10_000 - 60 * n for n in range(LEAST_SAMPLES - 1)], None),
        ([10_000] * 10, None),
        ([10_000 + 60 * n for n in range(10)], None),
        ([10**12 - n for n in range(10)], None),  # full in thousands of years
        ([1_000 - 60 * n for n in range(10)], 0),
        ([*range(200_000, 0, -1_000), *[9_000] * 61], None),  # it filled up, but not in the last hour
    ],
    ids=["fills up", "too young", "stands", "is emptied", "very slow", "in the reserve", "long ago"],
)
def test_the_forecast_follows_the_last_hour(free: list[int], forecast: int | None) -> None:
    watched = Watched()
    watched.lives_through(*free)
    assert watched.disk.full_in_seconds(1_000) == pytest.approx(forecast)


def test_the_disk_is_looked_at_now_and_then_only() -> None:
    watched = Watched()
    for _ in range(100):
        watched.disk.free()
    assert watched.looks == 1
    watched.now, watched.free = 2.0, 5
    assert (watched.disk.free(), watched.looks) == (5, 2)


def test_a_reserve_that_is_not_there_is_short_of(tmp_path: Path) -> None:
    stores = {"database_url": f"sqlite:///{tmp_path}/a/w.db", "events_url": f"chdb:///{tmp_path}/events"}
    assert is_short(Settings(**stores, disk_reserve_mb=10_000_000))
    assert not is_short(Settings(**stores, disk_reserve_mb=0))
    seen = room(Settings(**stores, disk_reserve_mb=3))
    assert seen is not None
    assert seen.free_bytes > 0
    assert (seen.reserve_bytes, seen.full_in_seconds) == (3 * MIB, None)


def test_stores_on_servers_have_no_disk_to_watch() -> None:
    servers = Settings(
        database_url="postgresql://db/w", events_url="clickhouse://events", disk_reserve_mb=10_000_000
    )
    assert room(servers) is None
    assert not is_short(servers)
