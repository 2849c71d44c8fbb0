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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

MIB = 1024 * 1024
LEAST = 64 * MIB  # free, before a statement that writes; a batch of events takes a few MiB
DOUBTFUL = 32 * MIB  # less than this after it: there may have been none meanwhile
LATELY_MINUTES = 15  # the engine keeps merged parts for eight minutes
FREES = re.compile(r"(--[^\n]*\n|\s)*(drop|truncate|kill|system)\b|.* drop part ", re.IGNORECASE)

log = logging.getLogger("waywiser.events")


class NoRoom(Exception):
    """Too little of the disk is free to write, or was while it was written."""


class FullDisk:
    """Watches the disk of one folder around each statement that writes; `free` measures bytes."""

    def __init__(
        self, folder: Path, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    ) -> None:
        self._folder, self._free = folder, free
        self._guard = threading.Lock()
        self._is_short = False

    @contextmanager
    def watched(self, client: Client) -> Iterator[None]:
        """Around a statement of this connection that writes; raises NoRoom: then it is to be repeated."""
        with self._guard:
            self._look(client, LEAST)
            if self._is_short:
                self._go_on(client)
        yield
        with self._guard:
            self._look(client, DOUBTFUL)

    def _look(self, client: Client, least: int) -> None:
        free = self._free(self._folder)
        if free >= least:
            return
        if not self._is_short:
            self._rest(client)
        raise NoRoom(
            f"{free // MIB} MiB of the disk of the event folder are free, and {LEAST // MIB} are needed to "
            "write; make room"
        )

    def _rest(self, client: Client) -> None:
        log.error("the disk of the event folder %s is nearly full: nothing is written to it", self._folder)
        client.command("system stop merges")
        self._is_short = True
        _mend(client)

    def _go_on(self, client: Client) -> None:
        _mend(client)
        client.command("system start merges")
        self._is_short = False
        log.warning("the disk of the event folder has room again")


def frees(sql: str) -> bool:
    """Whether a statement makes room rather than taking it."""
    return bool(FREES.match(sql))


def drop_empty_notes(folder: Path) -> None:
    """Remove notes of deletions that could not be written: the engine cannot open a table with an empty one.

    Whoever asked for the deletion asks again: either it was done all the same, or the process ended before.
    """
    for note in folder.glob("store/*/*/mutation_*.txt"):
        if not note.stat().st_size:
            log.warning("the disk was full when %s was written; the empty file is removed", note)
            note.unlink()


def _mend(client: Client) -> None:
    """Take parts that were written lately and are not whole out of their tables.

    Of a merged part the parts that it was made of come back. What was in another was told to whoever wrote it
    not to be written, so that it is written again.
    """
    lately = client.query(
        "select database, table, name from system.parts where active and database != 'system' "
        f"and modification_time > now() - interval {LATELY_MINUTES} minute"
    )
    broken = {
        (database, table)
        for database, table, part in lately.result_rows
        if not _is_whole(client, database, table, part)
    }
    for database, table in sorted(broken):
        log.error("the disk was full while %s was written: parts that are not whole are set aside", table)
        client.command(f"detach table `{database}`.`{table}` sync")
        client.command(f"attach table `{database}`.`{table}`")


def _is_whole(client: Client, database: str, table: str, part: str) -> bool:
    with suppress(ClickHouseError):  # it is gone
        sql = f"check table `{database}`.`{table}` part '{part}' settings check_query_single_value_result = 1"
        return bool(client.command(sql))
    return True
