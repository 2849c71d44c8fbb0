"""Keeps the embedded event store whole while the disk of its folder is full, unnoticed by its engine.

Seen of chDB 4.4: a file that cannot be written for lack of room is taken for written. A statement says that
it has succeeded, and a part of a table, the note of a deletion or a definition is cut or empty. So nothing is
written where little room is left, merges rest meanwhile, and what was written just before is checked.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from store.db import StoreUnavailable
from store.memory import MIB

LEAST = 64 * MIB  # free, before a statement that writes; a batch of events takes a few MiB
DOUBTFUL = 32 * MIB  # less than this after it: there may have been none meanwhile
LATELY_S = 900  # the parts that a merged one was made of are kept for 480 seconds
UNTIL_MERGES_REST_S = 10.0
LATELY = (
    "select database, table, name from system.parts "
    "where active and database != 'system' and modification_time >= now() - {seconds:UInt32}"
)
STILL_THERE = (
    "select 1 from system.parts where active "
    "and database = {database:String} and table = {table:String} and name = {part:String}"
)
MERGING = "select 1 from system.merges limit 1"
LINES_OF_A_NOTE = 3  # version, time and commands
FREES = re.compile(r"(--[^\n]*\n|\s)*(drop|truncate|kill|system)\b|.* drop part ", re.IGNORECASE)

log = logging.getLogger("waywiser.events")


class Client(Protocol):
    """A connection to the engine, as `store.event_connections` has them."""

    def command(self, cmd: str) -> object:
        """Run a statement; its only answer, where it has one."""

    def query(self, query: str, *, parameters: dict[str, Any]) -> Any:
        """Ask; its `result_rows`."""


class NoRoom(Exception):
    """Too little of the disk is free to write, or was while it was written."""


class FullDisk:
    """Watches the disk of one folder around each statement that writes; `free` measures bytes."""

    def __init__(
        self, folder: Path, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    ) -> None:
        self._folder, self._free = folder, free
        self._guard = threading.Lock()
        self._short_since: float | None = None
        self._shortages = 0

    @contextmanager
    def watched(self, client: Client) -> Iterator[None]:
        """Around a statement of this connection that writes; raises NoRoom: then it is to be repeated."""
        with self._guard:
            self._look(client, LEAST)
            if self._short_since is not None:
                self._go_on(client, self._short_since)
            shortages = self._shortages
        yield
        with self._guard:
            self._look(client, DOUBTFUL)
            if self._shortages != shortages:  # another statement saw it meanwhile
                raise NoRoom("the disk of the event folder was nearly full while this was written")

    def _look(self, client: Client, least: int) -> None:
        free = self._free(self._folder)
        if free >= least:
            return
        if self._short_since is None:
            self._rest(client)
        raise NoRoom(
            f"{free // MIB} MiB of the disk of the event folder are free, and {LEAST // MIB} are needed to "
            "write; make room"
        )

    def _rest(self, client: Client) -> None:
        log.error("the disk of the event folder %s is nearly full: nothing is written to it", self._folder)
        client.command("system stop merges")
        self._short_since = time.monotonic()
        self._shortages += 1
        until = self._short_since + UNTIL_MERGES_REST_S
        while client.query(MERGING, parameters={}).result_rows and time.monotonic() < until:
            time.sleep(0.05)
        _mend(client, LATELY_S)
        client.command("system stop merges")  # of tables, too, that were attached anew

    def _go_on(self, client: Client, since: float) -> None:
        _mend(client, LATELY_S + int(time.monotonic() - since))  # what was under way may have ended meanwhile
        client.command("system start merges")
        self._short_since = None
        log.warning("the disk of the event folder has room again")


def frees(sql: str) -> bool:
    """Whether a statement makes room rather than taking it."""
    return bool(FREES.match(sql))


def drop_cut_notes(folder: Path) -> None:
    """Remove notes of mutations that were not written whole, as of deletions: they keep their tables closed.

    Either one was carried out all the same, or the process ended before; then who asked for it looks again.
    Raises StoreUnavailable where one cannot be read or removed.
    """
    for note in folder.glob("store/*/*/mutation_*.txt"):
        try:
            text = note.read_bytes()
            if text.count(b"\n") < LINES_OF_A_NOTE or not text.endswith(b"\n"):
                log.warning("%s was not written whole, as where a disk is full, and is removed", note)
                note.unlink()
        except OSError as error:
            raise StoreUnavailable(
                f"{note} cannot be read, or removed where it was not written whole ({error.strerror}); "
                f"make {folder} with all that is in it writable for this user"
            ) from None


def _mend(client: Client, seconds: int) -> None:
    """Take parts that were written within so many seconds and are not whole out of their tables.

    Of a merged part the parts that it was made of come back. What was in another was told to whoever wrote it
    not to be written, so that it is written again.
    """
    broken = {
        (database, table)
        for database, table, part in client.query(LATELY, parameters={"seconds": seconds}).result_rows
        if not _is_whole(client, database, table, part)
    }
    for database, table in sorted(broken):
        log.error("the disk was full while %s was written: parts that are not whole are set aside", table)
        client.command(f"detach table `{database}`.`{table}` sync")
        client.command(f"attach table `{database}`.`{table}`")


def _is_whole(client: Client, database: str, table: str, part: str) -> bool:
    sql = f"check table `{database}`.`{table}` part '{part}' settings check_query_single_value_result = 1"
    try:
        return bool(client.command(sql))
    except Exception:  # whatever it is; a part that is gone meanwhile was merged
        names = {"database": database, "table": table, "part": part}
        return not client.query(STILL_THERE, parameters=names).result_rows
