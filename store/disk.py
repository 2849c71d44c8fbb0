"""How much room the disks of the stores have left, and when they will be full."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import linear_regression

from sqlalchemy.engine import make_url

from store.folder import folder_of
from store.settings import Settings

LOOK_EVERY_S = 2.0
SAMPLE_EVERY_S = 60.0
SAMPLES = 61  # an hour of them
LEAST_SAMPLES = 6  # fewer say nothing about the direction
LONGEST_FORECAST_S = 365 * 86_400
MIB = 1024 * 1024


@dataclass(frozen=True)
class Room:
    """Bytes that are free on the fullest disk, the reserve, and in how many seconds only that is left.

    The forecast is None while the disk does not fill up, or has not been watched for some minutes.
    """

    free_bytes: int
    reserve_bytes: int
    full_in_seconds: int | None


class Disk:
    """The disk of one folder, looked at now and then. `clock` counts seconds; `free` measures bytes."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._measure = free
        self._free = 0
        self._looked_at = float("-inf")
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)
        self._guard = threading.Lock()

    def free(self) -> int:
        """The bytes that are free, seen at most some seconds ago. Raises OSError when the disk is gone."""
        now = self._clock()
        if now - self._looked_at >= LOOK_EVERY_S:
            with self._guard:
                self._look(now)
        return self._free

    def full_in_seconds(self, reserve: int) -> int | None:
        """When only the reserve is left, by the straight line through the last hour; None if it never is."""
        with self._guard:
            samples = [*self._samples]
        if len(samples) < LEAST_SAMPLES:
            return None
        slope = linear_regression(*zip(*samples, strict=True)).slope
        seconds = (samples[-1][1] - reserve) / -slope if slope < 0 else LONGEST_FORECAST_S
        return max(0, int(seconds)) if seconds < LONGEST_FORECAST_S else None

    def _look(self, now: float) -> None:
        self._free = self._measure(_existing(self._folder))
        self._looked_at = now
        if not self._samples or now - self._samples[-1][0] >= SAMPLE_EVERY_S:
            self._samples.append((now, self._free))


def is_short(settings: Settings) -> bool:
    """Whether a disk of the stores has less room than the reserve; cheap enough to ask for every request."""
    reserve = settings.disk_reserve_mb * MIB
    return any(disk.free() < reserve for disk in _disks(settings))


def room(settings: Settings) -> Room | None:
    """How it stands on the fullest disk; None where both stores are servers, whose disks nobody sees here."""
    disks = _disks(settings)
    if not disks:
        return None
    reserve = settings.disk_reserve_mb * MIB
    forecasts = [seconds for disk in disks if (seconds := disk.full_in_seconds(reserve)) is not None]
    return Room(min(disk.free() for disk in disks), reserve, min(forecasts, default=None))


@cache
def _disks(settings: Settings) -> tuple[Disk, ...]:
    """The disks that are watched: shared by all of the process, so that samples add up to a forecast."""
    one_a_device = {_existing(folder).stat().st_dev: folder for folder in _folders(settings)}
    return tuple(Disk(folder) for folder in one_a_device.values())


def _folders(settings: Settings) -> Iterable[Path]:
    address = make_url(settings.database_url)
    if address.get_backend_name() == "sqlite" and address.database and address.database != ":memory:":
        yield Path(address.database).absolute().parent
    if settings.events_url.startswith("chdb:"):
        yield folder_of(settings.events_url)


def _existing(folder: Path) -> Path:
    """The folder, or what will hold it once it is made."""
    return next(one for one in (folder, *folder.parents) if one.exists())
