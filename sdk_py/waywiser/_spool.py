"""Keeps on disk what cannot be sent now; a folder may be shared by any number of processes."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from time import monotonic, time, time_ns
from uuid import uuid4

from ._notices import Notices
from ._options import Options
from ._spool_file import HEADER, NAMELESS, RECORD, SpoolFile

SEGMENT_BYTES = 4 * 1024 * 1024
MEASURE_SECONDS = 1.0
NAMELESS_SECONDS = 60.0
SUFFIX = ".spool"


class Spool:
    """The writing side: each process appends to a file of its own, which nobody reads before it is sealed.

    A file's name tells its age and, as a fingerprint of the write key, whose messages it holds. What is
    written has been handed to the system: it survives the end of the process, however sudden.
    """

    def __init__(self, options: Options, notices: Notices) -> None:
        # Absolute, for the program may change its folder.
        self.folder = Path(options.spool_dir or ".").absolute()
        self.ending = ending(options.write_key)
        self._limit = options.max_spool
        self._notices = notices
        self._file: SpoolFile | None = None
        self._used = 0
        self._measured_at = 0.0
        self.own: set[Path] = set()
        self.lock = threading.RLock()

    def after_fork(self) -> None:
        """Leave the parent's file to the parent."""
        if self._file:
            self._file.forget()
        self._file = None
        self.own = set()
        self.lock = threading.RLock()

    def append(self, payloads: list[bytes]) -> int:
        """Write these messages; answers how many of them, from the front, are now on disk."""
        kept = 0
        with self.lock:
            try:
                while kept < len(payloads):
                    chunk = self._fitting(payloads[kept : kept + 1000])
                    if not chunk:
                        break
                    self._write(chunk)
                    self.wrote(size_on_disk(chunk))
                    kept += len(chunk)
            except OSError as error:
                self.warn("the spool cannot be written: %s", error)
                self.seal()
        return kept

    def has_room(self, size: int, is_new: bool) -> bool:
        """Whether so many bytes more may be written; measured anew for a new file, for others write too."""
        now = monotonic()
        is_over = self._used + size > self._limit
        if is_new or (is_over and now >= self._measured_at + MEASURE_SECONDS):
            self._used, self._measured_at = used(self.folder), now
        has_room = self._used + size <= self._limit
        if not has_room:
            self._notices.warn_later("spool_full", "the spool is full, with %d bytes", self._limit)
        return has_room

    def wrote(self, size: int) -> None:
        """So many bytes more are in the folder; less than none are gone from it."""
        self._used += size

    def warn(self, text: str, error: OSError) -> None:
        """Have it logged once that the disk is not what it should be."""
        self._notices.warn_later("spool", text, error.strerror or error)

    def create(self) -> SpoolFile:
        """A new file in the folder. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{time_ns():020d}-{os.getpid()}-{uuid4().hex[:8]}{self.ending}"
        file = SpoolFile.create(self.folder / name)
        self.own.add(file.path)
        self.wrote(HEADER.size)
        return file

    def seal(self) -> None:
        """End the current file, so that a sender may claim it."""
        with self.lock:
            file, self._file = self._file, None
            if file and file.is_empty:
                file.remove()
            elif file:
                file.close()

    @property
    def has_unsealed(self) -> bool:
        """Whether there are messages that no sender can claim yet."""
        file = self._file
        return file is not None and not file.is_empty

    def waiting(self, own_only: bool = False) -> list[Path]:
        """The files of this write key, oldest first."""
        return [path for path in listed(self.folder, self.ending) if not own_only or path in self.own]

    def tidy(self) -> None:
        """Remove what processes have left that were killed before they could give a new file its name."""
        for path in listed(self.folder, SUFFIX + NAMELESS):
            if age_of(path) > NAMELESS_SECONDS and (file := SpoolFile.claim(path)):
                file.remove()

    def _fitting(self, payloads: list[bytes]) -> list[bytes]:
        if self.has_room(size_on_disk(payloads), is_new=self._file is None):
            return payloads
        count, room = 0, self._limit - self._used
        for payload in payloads:
            room -= len(payload) + RECORD.size
            if room < 0:
                break
            count += 1
        return payloads[:count]

    def _write(self, payloads: list[bytes]) -> None:
        if self._file and (self._file.size >= SEGMENT_BYTES or not self._file.is_there):
            self.seal()
        # Taken out, so that a signal handler that appends in the middle cannot end it, but makes another.
        file, self._file = self._file, None
        file = file or self.create()
        try:
            file.append(payloads)
        finally:
            self.seal()
            self._file = file


def ending(write_key: str) -> str:
    """How the names of this key's files end; nobody can tell the key from it."""
    return f".{hashlib.sha256(write_key.encode()).hexdigest()[:16]}{SUFFIX}"


def listed(folder: Path, suffix: str = SUFFIX) -> list[Path]:
    """The spool files of a folder, oldest first; none if it cannot be read."""
    try:
        return [folder / name for name in sorted(os.listdir(folder)) if name.endswith(suffix)]  # noqa: PTH208
    except OSError:
        return []


def size_on_disk(payloads: list[bytes]) -> int:
    """Bytes that these messages take in a file."""
    return sum(map(len, payloads)) + RECORD.size * len(payloads)


def used(folder: Path) -> int:
    """Bytes that all spool files of the folder take."""
    return sum(map(size_of, listed(folder)))


def age_of(path: Path) -> float:
    """Seconds since it was written to; 0 if it is gone by now."""
    try:
        return time() - path.stat().st_mtime
    except OSError:
        return 0.0


def size_of(path: Path) -> int:
    """Its size; 0 if it is gone by now."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
