"""The folder of the embedded event store, which belongs to one process at a time."""

from __future__ import annotations

import fcntl
import logging
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from store.db import StoreUnavailable, make_folder

log = logging.getLogger("waywiser.store")


def folder_of(url: str) -> Path:
    """The folder of an embedded store: `chdb:///data/events` is relative, `chdb:////var/events` absolute."""
    return Path(url.removeprefix("chdb:///")).absolute()


def folder_is_free(url: str) -> bool:
    """Whether this process could open the event store; only the embedded engine allows one process."""
    if urlsplit(url).scheme != "chdb":
        return True
    try:
        own_folder(folder_of(url)).close()
    except StoreUnavailable:
        return False
    return True


def own_folder(folder: Path) -> IO[str]:
    """Take the folder for this process until the answer is closed; raises StoreUnavailable."""
    make_folder(folder)
    lock = (folder.parent / f".{folder.name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StoreUnavailable(
            f"the event folder {folder} is in use by another Waywiser process; stop that one first, "
            "or set WAYWISER_EVENTS_URL to a ClickHouse server, which several processes can share"
        ) from None
    return lock


def drop_empty_deletions(folder: Path) -> None:
    """Remove the engine's notes of deletions that it could not write as the disk was full.

    It keeps such a note as an empty file, and then cannot open the table any more. Whoever asked for the
    deletion asks again: either it was done without the note, or the process ended before.
    """
    for note in folder.glob("store/*/*/mutation_*.txt"):
        if not note.stat().st_size:
            log.warning("the disk was full when %s was written; the empty file is removed", note)
            note.unlink()
