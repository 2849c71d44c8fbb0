"""The folder of the embedded event store, which belongs to one process at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from store.db import StoreUnavailable, make_folder


class FolderInUse(StoreUnavailable):
    """Another process has the event folder."""


def folder_of(url: str) -> Path:
    """The folder of an embedded store: `chdb:///data/events` is relative, `chdb:////var/events` absolute."""
    return Path(url.removeprefix("chdb:///")).absolute()


def folder_is_free(url: str) -> bool:
    """Whether nobody has the event store for themselves; only the embedded engine allows one process.

    Raises StoreUnavailable where its folder cannot be written.
    """
    if urlsplit(url).scheme != "chdb":
        return True
    try:
        own_folder(folder_of(url)).close()
    except FolderInUse:
        return False
    return True


def own_folder(folder: Path) -> IO[str]:
    """Take the folder for this process until the answer is closed; raises FolderInUse or StoreUnavailable."""
    make_folder(folder)
    path = folder.parent / f".{folder.name}.lock"
    try:
        lock = path.open("w")
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be written ({error.strerror})") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise FolderInUse(
            f"the event folder {folder} is in use by another Waywiser process; stop that one first, "
            "or set WAYWISER_EVENTS_URL to a ClickHouse server, which several processes can share"
        ) from None
    return lock
