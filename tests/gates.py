"""Statements of the event store that are under way until a test lets them end, however long that takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.installation import eventually


class Gate:
    """A row that comes when it is opened: a statement that reads it is under way by then, and ends soon."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_open = False
        os.mkfifo(path)

    @property
    def row(self) -> str:
        """SQL of a table of one row, for one statement."""
        return f"file('{self._path}', 'TSV', 'opened UInt8')"

    def open(self) -> None:
        """Let the row come, as soon as somebody waits for it."""
        self._is_open = self._is_open or eventually(self._write, bool)
        assert self._is_open, "no statement has begun to read"

    def _write(self) -> bool:
        try:
            end = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            return False
        os.write(end, b"1\n")
        os.close(end)
        return True


@contextmanager
def gate(folder: Path, name: str = "gate") -> Iterator[Gate]:
    """One that is open at the end at the latest."""
    made = Gate(folder / name)
    try:
        yield made
    finally:
        made.open()
