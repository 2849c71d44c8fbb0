"""The form of a spool file: a header with how far it is delivered, then records with length and checksum."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

fcntl: Any
try:
    import fcntl
except ImportError:  # a system without POSIX locks, where no spool can be had
    fcntl = None

MAGIC = b"WWSPOOL1"
HEADER = struct.Struct("<8sQ")
RECORD = struct.Struct("<II")
MAX_RECORD = 1024 * 1024
# What we write is at most a segment and a thousand of the largest messages; a larger file is not ours.
MAX_FILE = 64 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    """One record."""
    return RECORD.pack(len(payload), zlib.crc32(payload)) + payload


NAMELESS = ".new"


class SpoolFile:
    """One open file, locked by whoever holds it; the system frees the lock when the holder dies."""

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self.path = path
        self.size = size
        self._descriptor = descriptor

    @classmethod
    def create(cls, path: Path) -> SpoolFile:
        """A new one, for its owner's eyes only. Raises OSError."""
        # It gets its name when it is locked, so that nobody takes it for a foreign one before.
        nameless = path.with_name(path.name + NAMELESS)
        file = cls(nameless, os.open(nameless, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), HEADER.size)
        try:
            fcntl.flock(file._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file._write(HEADER.pack(MAGIC, HEADER.size), 0)
            nameless.rename(path)
            file.path = path
        except OSError:
            file.remove()
            raise
        return file

    @classmethod
    def claim(cls, path: Path) -> SpoolFile | None:
        """An existing one, if nobody else holds it."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            state = os.fstat(descriptor)
        except OSError:
            os.close(descriptor)
            return None
        if not state.st_nlink:
            # Another one delivered and removed it between our two calls.
            os.close(descriptor)
            return None
        return cls(path, descriptor, state.st_size)

    def append(self, payloads: Iterable[bytes]) -> int:
        """Write records at the end, all or none; answers where they end. Raises OSError."""
        data = b"".join(map(frame, payloads))
        length, start = len(data), 0
        try:
            # One line without a call: what a signal handler appends in the middle has a place of its own.
            start, self.size = self.size, self.size + length
            self._write(data, start)
        except BaseException:
            if start:
                self._take_back(data, start)
            raise
        return start + length

    def read(self) -> tuple[int, bytes]:
        """How far it is delivered, and all its bytes; 0 if it is not a spool file. Raises OSError."""
        head = os.pread(self._descriptor, HEADER.size, 0)
        if len(head) < HEADER.size or self.size > MAX_FILE:
            return 0, b""
        magic, offset = HEADER.unpack(head)
        if magic != MAGIC:
            return 0, b""
        data = os.pread(self._descriptor, self.size, 0)
        return (offset if HEADER.size <= offset <= len(data) else HEADER.size), data

    def mark(self, offset: int) -> None:
        """Note that everything up to there is delivered, so that nobody sends it again."""
        with suppress(OSError):
            self._write(HEADER.pack(MAGIC, offset), 0)

    def restart(self) -> None:
        """Begin again at the front: everything in it is settled."""
        with suppress(OSError):
            # In this order: a header that cannot be written must not point into what is written next.
            self._write(HEADER.pack(MAGIC, HEADER.size), 0)
            os.ftruncate(self._descriptor, HEADER.size)
            self.size = HEADER.size

    def remove(self) -> None:
        """Delete it, then let go of it."""
        with suppress(OSError):
            self.path.unlink()
        self.close()

    def set_aside(self) -> None:
        """Rename it to `.bad`, for a person to look at, then let go of it."""
        with suppress(OSError):
            self.path.rename(self.path.with_name(self.path.name + ".bad"))
        self.close()

    def close(self) -> None:
        """Let go of it, also where a child has inherited it without knowing."""
        with suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.forget()

    def forget(self) -> None:
        """In a forked child: close our copy, and leave the parent's hold as it is."""
        # Closed once only: the number may be another file's by then.
        descriptor, self._descriptor = self._descriptor, -1
        with suppress(OSError):
            os.close(descriptor)

    @property
    def is_empty(self) -> bool:
        """Whether it holds no messages."""
        return self.size <= HEADER.size

    @property
    def is_there(self) -> bool:
        """Whether it can still be found; somebody may have removed it under us."""
        try:
            return os.fstat(self._descriptor).st_nlink > 0
        except OSError:
            return False

    def _take_back(self, data: bytes, start: int) -> None:
        with suppress(OSError):
            if self.size == start + len(data):
                self.size = start
                os.ftruncate(self._descriptor, start)
            else:  # A signal handler has appended meanwhile, which a gap would cut off.
                self._write(data, start)

    def _write(self, data: bytes, offset: int) -> None:
        if os.pwrite(self._descriptor, data, offset) != len(data):
            raise OSError("the disk is full")


def records(data: bytes, offset: int) -> tuple[list[tuple[int, bytes]], bool]:
    """The records from there on, each with the offset of its end; and whether what follows them is torn."""
    found: list[tuple[int, bytes]] = []
    while offset + RECORD.size <= len(data):
        length, checksum = RECORD.unpack_from(data, offset)
        start = offset + RECORD.size
        payload = data[start : start + length]
        if not 0 < length <= MAX_RECORD or len(payload) < length or zlib.crc32(payload) != checksum:
            return found, True
        offset = start + length
        found.append((offset, payload))
    return found, offset < len(data)
