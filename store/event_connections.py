"""Connections to the event store: the only file that knows by which client, embedded or to a server."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from store.cluster import SETTINGS
from store.db import StoreUnavailable
from store.event_errors import NO_MEMORY, EventStoreError, NoRoomToWrite, NotEnoughMemory
from store.full_disk import FullDisk, NoRoom
from store.memory import MIB
from store.planning import EMBEDDED
from store.words import marked

for talkative in ("clickhouse_connect", "urllib3"):
    logging.getLogger(talkative).setLevel(logging.CRITICAL)  # all that they log is raised too

HERE = marked(
    "it needs more memory than the %(mib)s MiB of WAYWISER_EVENTS_MEMORY_MB that all questions under way may "
    "take together; ask for a shorter period or a smaller segment, or allow more"
)
THERE = marked(
    "it needs more memory than the event store's server allows; ask for a shorter period or a smaller "
    "segment, or allow more there (max_memory_usage)"
)


class EventConnections:
    """Those to one database, each lent to one question at a time; the first one makes the database.

    `memory` bytes are all that questions to the embedded engine may take; `full_disk` watches its folder, and
    a server has none.
    """

    def __init__(self, dsn: str, database: str, *, memory: int, full_disk: FullDisk | None) -> None:
        self._dsn, self._database, self._memory, self._full_disk = dsn, database, memory, full_disk
        self._embedded = urlsplit(dsn).scheme == "chdb"
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._clients: list[Client] = []
        self._guard = threading.Lock()
        self._closed = threading.Event()

    def to(self, database: str, *, memory: int = 0) -> EventConnections:
        """Others, to another database of the same engine, of which questions may take other `memory`."""
        return EventConnections(self._dsn, database, memory=memory or self._memory, full_disk=self._full_disk)

    @contextmanager
    def lent(self) -> Iterator[Client]:
        """A connection that nobody else uses meanwhile."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._connect()
        is_clean = True
        try:
            yield client
        except ClickHouseError as error:
            is_clean = not self._embedded
            raise self._refused(error) from error
        finally:
            if is_clean or self._closed.is_set():
                self._idle.put(client)
            else:
                self._replace(client)

    @contextmanager
    def lent_to_write(self) -> Iterator[Client]:
        """The same for a statement that takes room: refused where the engine would not notice a full disk."""
        with self.lent() as client, self._with_room(client):
            yield client

    def close(self) -> None:
        """Close every connection."""
        with self._guard:
            self._closed.set()
            for client in self._clients:
                client.close()
            self._clients.clear()

    @contextmanager
    def _with_room(self, client: Client) -> Iterator[None]:
        if not self._full_disk:
            yield
            return
        try:
            with self._full_disk.watched(client):
                yield
        except NoRoom as error:
            raise NoRoomToWrite(str(error)) from None

    def _replace(self, client: Client) -> None:
        """Give up a connection whose question ended early.

        The embedded engine's may hold a part of the answer still, with which its next answer would begin.
        """
        # Before that one is closed: the engine ends with its last connection.
        with suppress(StoreUnavailable):  # whoever asks next connects, or is told why not
            self._idle.put(self._connect())
        with self._guard:
            if client in self._clients:
                self._clients.remove(client)
        client.close()

    def _refused(self, error: ClickHouseError) -> EventStoreError:
        found = EventStoreError(_first_line(error))
        if found.code != NO_MEMORY:
            return found
        if self._embedded:
            return NotEnoughMemory(HERE, mib=self._memory // MIB)
        return NotEnoughMemory(THERE)

    def _connect(self) -> Client:
        try:
            with self._guard:
                if self._closed.is_set():
                    raise StoreUnavailable("the event store is closed")
                if not self._clients:
                    self._make_database()
                client = self._client(self._database)
                self._clients.append(client)
        except (ClickHouseError, TypeError) as error:  # a TypeError: an option of the address that is unknown
            address = urlsplit(self._dsn)
            raise StoreUnavailable(
                f"the event store {address.scheme}://{address.hostname or '…'} cannot be opened "
                f"({_cause(error)}); check WAYWISER_EVENTS_URL and that the store runs"
            ) from error
        return client

    def _make_database(self) -> None:
        name = quoted(self._database)
        with self._client("default") as first:
            if not first.command(f"exists database {name}"):
                with self._with_room(first):
                    first.command(f"create database if not exists {name}")

    def _client(self, database: str) -> Client:
        if self._embedded:  # a server's engine may be too old to know this, and has its own limits
            most = {"max_memory_usage_for_user": self._memory, "max_memory_usage": self._memory}
            return clickhouse_connect.get_client(dsn=self._dsn, database=database, settings=EMBEDDED | most)
        # Thousands of bound values would be too long for an address, so they travel as a form.
        settings: dict[str, Any] = {"async_insert": 0, "insert_deduplicate": 1, **SETTINGS}
        secure = urlsplit(self._dsn).scheme == "clickhouses"
        return clickhouse_connect.get_client(
            dsn=self._dsn, database=database, settings=settings, form_encode_query_params=True, secure=secure
        )


def quoted(name: str) -> str:
    """A database name in back quotes; refuses what could end them."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise StoreUnavailable(f"{name!r} is no name for a database: use letters, digits, _ and -")
    return f"`{name}`"


def _cause(error: Exception) -> str:
    """What the system said, where a chain of errors began with that; else what the error says."""
    first: BaseException = error
    while first.__cause__:
        first = first.__cause__
    return str(first.strerror or first) if isinstance(first, OSError) else _first_line(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:500]
