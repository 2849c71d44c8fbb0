"""The event store: the only file that knows ClickHouse, embedded (`chdb://`) or on a server (`clickhouse://`)."""

from __future__ import annotations

import copy
import logging
import queue
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, Any
from urllib.parse import urlsplit

import clickhouse_connect
import msgspec
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from store.binding import in_pieces
from store.changes import Changes
from store.cluster import EVERYWHERE, LOCAL, SETTINGS, cluster_of, writes_everywhere
from store.complaint import Complaint
from store.db import StoreUnavailable
from store.event import Event
from store.folder import folder_of, own_folder
from store.full_disk import FullDisk, NoRoom, drop_cut_notes, frees
from store.memory import MIB, for_questions
from store.planning import EMBEDDED
from store.words import decimal, filled, marked, tell
from store.work import Progress, Work

COLUMN_TYPES: dict[str, pa.DataType] = {
    "project": pa.uint32(),
    "event_id": pa.binary(16),
    "timestamp": pa.timestamp("ms", "UTC"),
    "received_at": pa.timestamp("ms", "UTC"),
    "sequence": pa.uint64(),
    "identity": pa.uint64(),
    "is_bot": pa.bool_(),
    "marks": pa.list_(pa.string()),
}
EVENT_SCHEMA = pa.schema([(name, COLUMN_TYPES.get(name, pa.string())) for name in Event.__struct_fields__])
MESSAGE_SCHEMA = pa.schema(
    [
        *((name, EVENT_SCHEMA.field(name).type) for name in ("project", "event_id", "received_at")),
        ("batch", pa.uint64()),
    ]
)
PROBE_SCHEMA = pa.schema([("at", EVENT_SCHEMA.field("timestamp").type)])

DATABASE = "waywiser"
LONGEST_TTL_DAYS = 18_000  # 49 years; the engine's times end in 2106

FILES_TAKE = 10  # times as long as the question of a report
SORTED_ON_DISK = {"max_bytes_before_external_sort": 256 * 2**20}
UNREAD = ("message_ids", "probes")  # no number depends on these

Row = dict[str, Any]
for talkative in ("clickhouse_connect", "urllib3"):
    logging.getLogger(talkative).setLevel(logging.CRITICAL)  # all that they log is raised too


# What passes by itself: time-outs, too many queries or parts, no memory or room, a table that is read-only,
# and of a cluster: a shard, a copy or the keeper that is away.
PASSING = {159, 202, 209, 210, 241, 242, 243, 252, 319, 225, 279, 285, 999}
NO_MEMORY = 241
NO_ROOM = 243
HERE = marked(
    "it needs more memory than the %(mib)s MiB of WAYWISER_EVENTS_MEMORY_MB that all questions under way may "
    "take together; ask for a shorter period or a smaller segment, or allow more"
)
THERE = marked(
    "it needs more memory than the event store's server allows; ask for a shorter period or a smaller "
    "segment, or allow more there (max_memory_usage)"
)


class EventStoreError(Complaint):
    """The event store refused a statement. `is_passing`: for a reason that lies not in the statement."""

    @property
    def is_passing(self) -> bool:
        """Whether the engine names a reason that passes by itself."""
        return self.code in PASSING

    @property
    def code(self) -> int:
        """The number by which the engine calls the reason; 0 where it names none."""
        code = re.search(r"\bCode: (\d+)", str(self), re.IGNORECASE)
        return int(code.group(1)) if code else 0


class NotEnoughMemory(EventStoreError):
    """A statement was broken off as it needed more than it may take; `said` says so in the reader's language.

    It may be raised in a thread that speaks to nobody, so that message and values are kept.
    """

    def __init__(self, message: str, **values: int) -> None:
        super().__init__(filled(message, {name: f"{n:,}" for name, n in values.items()}))
        self._message, self._values = message, values

    @property
    def said(self) -> str:
        """Why, and what can be done."""
        return tell(self._message, **{name: decimal(n) for name, n in self._values.items()})

    @property
    def code(self) -> int:
        """The number by which the engine calls this reason."""
        return NO_MEMORY


class NoRoomToWrite(EventStoreError):
    """A statement that writes was refused, or is to be repeated, as the disk of the event folder is full."""

    @property
    def code(self) -> int:
        """The number by which the engine calls this reason."""
        return NO_ROOM


class EventStore:
    """One database of events. Threads share it: a connection serves one question at a time.

    Open it after the process has forked: the embedded engine does not survive a fork. All its statements
    under way may take `memory_mb` MiB together, 0: a part of what there is; a server has its own limit.
    """

    def __init__(self, url: str, *, database: str = DATABASE, memory_mb: int = 0) -> None:
        parts = urlsplit(url)
        self._memory = for_questions(memory_mb)
        self.embedded = parts.scheme == "chdb"
        self._lock_file: IO[str] | None = None
        self._full_disk: FullDisk | None = None
        self._dsn, self.database = url, database_in(url, database)
        if self.embedded:
            folder = folder_of(url)
            self._lock_file = own_folder(folder)
            drop_cut_notes(folder)
            self._full_disk = FullDisk(folder)
            self._dsn = f"chdb://{folder}"
        self._prepare()

    def sibling(self, database: str, *, memory_mb: int = 0) -> EventStore:
        """Another database of the same engine, with connections of its own; close it before this one."""
        other = copy.copy(self)
        other.database, other._lock_file = database, None
        other._memory = for_questions(memory_mb) if memory_mb else self._memory
        other._prepare()
        return other

    def _prepare(self) -> None:
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue()
        self._clients: list[Client] = []
        self._guard = threading.Lock()
        self._closed = threading.Event()
        self._work: Work | None = None
        self._changes = Changes()
        self._cluster: str | None = None
        self._looked = self.embedded

    @property
    def cluster(self) -> str | None:
        """The cluster on which the tables lie; None for one server, and for the embedded engine."""
        if not self._looked:
            self.look_for_cluster()
        return self._cluster

    def look_for_cluster(self) -> None:
        """Ask the store itself; a migration may have brought its tables there meanwhile."""
        rows = self.query(
            "select engine, engine_full from system.tables "
            "where database = currentDatabase() and name = 'events'"
        )
        over_shards = [row["engine_full"] for row in rows if row["engine"] == "Distributed"]
        self._cluster = cluster_of(over_shards[0]) if over_shards else None
        self._looked = bool(rows)

    def insert(
        self,
        rows: Sequence[Event],
        *,
        token: str,
        mark: int = 0,
        stored: Sequence[Event] = (),
        is_repeat: bool = False,
    ) -> None:
        """Insert events; a second insert with the same token changes nothing.

        Then their messages are known as counted by the batch of that mark, and those of `stored` events,
        which an earlier attempt has inserted. A repeat looks whether its rows are really there: the engine
        notes a token before it has the rows, and after a crash in between it would ignore them for ever.
        """
        if rows:
            self._insert_events(rows, token=token)
        if is_repeat and (ignored := self._missing(rows)):
            self._insert_events(ignored, token=None)
        known = [(one.project, one.event_id, one.received_at, mark) for one in (*rows, *stored)]
        arrays = [pa.array(c, f.type) for c, f in zip(zip(*known, strict=True), MESSAGE_SCHEMA, strict=True)]
        messages = pa.Table.from_arrays(arrays, schema=MESSAGE_SCHEMA)
        self.insert_table("message_ids", messages, token=None if is_repeat else token)

    def _insert_events(self, rows: Sequence[Event], *, token: str | None) -> None:
        columns = list(zip(*map(msgspec.structs.astuple, rows), strict=True))
        arrays = [pa.array(c, f.type) for c, f in zip(columns, EVENT_SCHEMA, strict=True)]
        self.insert_table("events", pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA), token=token)

    def _missing(self, rows: Sequence[Event]) -> list[Event]:
        """Which of these events are not in the table."""
        by_project: dict[int, list[Event]] = {}
        for row in rows:
            by_project.setdefault(row.project, []).append(row)
        there = {project: self.stored_before(some) for project, some in by_project.items()}
        return [row for row in rows if row.event_id not in there[row.project]]

    def known_messages(self, project: int, ids: Sequence[bytes]) -> dict[bytes, int]:
        """Which of these event ids are stored already, and the mark of the batch that counted each."""
        rows = self.query(
            "select hex(event_id) as id, any(batch) as batch from message_ids "
            "where project = {project:UInt32} "
            "and event_id in (select reinterpretAsFixedString(arrayJoin({ids:Array(UInt128)}))) "
            "group by event_id",
            {"project": project, "ids": _as_numbers(ids)},
        )
        return {bytes.fromhex(row["id"]): row["batch"] for row in rows}

    def stored_before(self, events: Sequence[Event]) -> set[bytes]:
        """Which of these events of one project are in the table, whether or not their messages are known."""
        if not events:
            return set()
        times = [event.timestamp for event in events]
        rows = self.query(
            "select hex(event_id) as id from events where project = {project:UInt32} "
            "and event in {names:Array(String)} and identity in {identities:Array(UInt64)} "
            "and timestamp between fromUnixTimestamp64Milli({first:Int64}) "
            "and fromUnixTimestamp64Milli({last:Int64}) "
            "and event_id in (select reinterpretAsFixedString(arrayJoin({ids:Array(UInt128)})))",
            {
                "project": events[0].project,
                "names": list({event.event for event in events}),
                "identities": list({event.identity for event in events}),
                "first": min(times),
                "last": max(times),
                "ids": _as_numbers([event.event_id for event in events]),
            },
        )
        return {bytes.fromhex(row["id"]) for row in rows}

    def keep_messages(self, days: int) -> None:
        """Forget after so many days which messages are known; nothing is rewritten for that now.

        Rows go when their part is merged with others, or once a week.
        """
        ttl = f"toDateTime(received_at) + toIntervalDay({min(days, LONGEST_TTL_DAYS)})"
        pause = f"merge_with_ttl_timeout = {7 * 86_400}"
        rows = self.rows_of("message_ids")
        table = self.query(
            "select engine_full from system.tables "
            "where database = currentDatabase() and name = {name:String}",
            {"name": rows.split()[0]},
        )[0]["engine_full"]
        if f"TTL {ttl} " not in table:
            gently = "settings materialize_ttl_after_modify = 0"
            self.command(f"alter table {rows} modify ttl {ttl} {gently}")
        if pause not in table:
            self.command(f"alter table {rows} modify setting {pause}")

    def takes_inserts(self) -> bool:
        """Whether a row can be written now: so a failed insert can be told from a store that is away."""
        now = pa.array([time.time_ns() // 1_000_000], PROBE_SCHEMA.field("at").type)
        try:
            self.insert_table("probes", pa.Table.from_arrays([now], schema=PROBE_SCHEMA))
        except Exception:  # whatever it is, it is not the fault of a batch
            return False
        return True

    def insert_table(self, name: str, table: pa.Table, *, token: str | None = None) -> None:
        """Insert an Arrow table whose column names are the columns; without a token, in any case."""
        settings: dict[str, Any] = {"max_partitions_per_insert_block": 0}
        if name in EVERYWHERE:
            settings |= self._of_all_servers()
        if token:
            settings["insert_deduplication_token"] = token
        else:
            settings["insert_deduplicate"] = 0
        try:
            with self._lent() as client, self._with_room(client):
                client.insert_arrow(name, table, settings=settings)
        finally:  # also where nobody knows what came of it
            if name not in UNREAD:
                self._changes.note([int(one) for one in table["project"].unique().to_pylist() if one])

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Rows that answer `sql`; `{name:Type}` in it are bound from `parameters`."""
        sql, bound = in_pieces(sql, parameters or {})
        work = self._work
        if work:
            work.check()
        try:
            with self._lent() as client:
                answer = client.query(sql, parameters=bound, settings=work.settings if work else None)
                found = answer.result_rows  # read while the connection is ours: it comes block by block
        except EventStoreError as error:
            raise (work and work.ended_by(error.code)) or error from error
        return [dict(zip(answer.column_names, row, strict=True)) for row in found]

    def stream(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """The same rows, of which no more are held than the engine sends at once; for files of many rows.

        The connection is in use until the last one is taken, or the iterator is closed. Work with a limit may
        take FILES_TAKE times as long, as whoever takes the rows may be slow.
        """
        sql, bound = in_pieces(sql, parameters or {})
        work = self._work
        settings = SORTED_ON_DISK | (work.settings_for(FILES_TAKE) if work else {})
        try:
            with (
                self._lent() as client,
                client.query_row_block_stream(sql, parameters=bound, settings=settings) as blocks,
            ):
                names = blocks.source.column_names
                for block in blocks:
                    if work:
                        work.check()
                    yield from (dict(zip(names, row, strict=True)) for row in block)
        except EventStoreError as error:
            raise (work and work.ended_by(error.code, FILES_TAKE)) or error from error

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers no rows."""
        settings = self._of_all_servers() if writes_everywhere(sql) else {}
        project = (parameters or {}).get("project")
        sql, bound = in_pieces(sql, parameters or {})
        try:
            with self._lent() as client, nullcontext() if frees(sql) else self._with_room(client):
                if (
                    bound and not self.embedded
                ):  # a command's values would travel in the address, this one's in a form
                    client.raw_query(sql, parameters=bound, settings=settings)
                else:
                    client.command(sql, parameters=bound, settings=settings)
        finally:
            self._changes.note(None if project is None else [project])

    def mark(self, project: int) -> object:
        """What is another one after each write that may concern a project's numbers; None where unknown.

        The embedded engine belongs to this process, which counts its own writes. A server is asked for the
        parts of its tables: they have other names after each write, whoever wrote, and on each copy.
        """
        if self.embedded:
            return self._changes.mark(project)
        try:
            rows = self.query(
                "select count() as n, sum(cityHash64(hostName(), table, name)) as names "  # noqa: S608
                f"from {self.system('parts')} "
                "where database = {database:String} and active and table not in {unread:Array(String)}",
                {"database": self.database, "unread": [*UNREAD, *(f"{one}{LOCAL}" for one in UNREAD)]},
            )
        except EventStoreError:
            return None
        return rows[0]["n"], rows[0]["names"]

    def asked_for(self, work: Work) -> EventStore:
        """This store for questions of some work, by the same connections; it is not to be closed."""
        other = copy.copy(self)
        other._work = work
        return other

    def end(self, work: Work) -> None:
        """End the questions of some work, wherever they run; it begins no other one."""
        work.end()
        where = f"on cluster {self.cluster} " if self.cluster else ""
        with self._lent() as client:
            client.command(
                f"kill query {where}where Settings['log_comment'] = {{name:String}}",
                parameters={"name": work.name},
            )

    def progress(self, work: Work) -> Progress:
        """How far the questions of some work are that are under way."""
        row = self.query(
            "select sum(read_rows) as read, sum(total_rows_approx) as rows "  # noqa: S608
            f"from {self.system('processes')} where Settings['log_comment'] = {{name:String}}",
            {"name": work.name},
        )[0]
        return Progress(row["read"], row["rows"])

    def rows_of(self, table: str) -> str:
        """The table for `delete` and `alter`: on a cluster that of every shard, which holds its rows."""
        if not self.cluster or table in EVERYWHERE:  # of these each copy tells the others
            return table
        return f"{table}{LOCAL} on cluster {self.cluster}"

    def system(self, table: str) -> str:
        """What the engine says of itself in a table of `system`: on a cluster, what all servers say."""
        return f"clusterAllReplicas({self.cluster}, system.{table})" if self.cluster else f"system.{table}"

    def _of_all_servers(self) -> dict[str, Any]:
        """On a cluster, what every server has must be there before shards read it beside their rows."""
        if not self.cluster:
            return {}
        servers = self.query(
            "select count() as n from system.clusters where cluster = {cluster:String}",
            {"cluster": self.cluster},
        )[0]["n"]
        return {"insert_quorum": servers, "insert_quorum_timeout": 60_000} if servers > 1 else {}

    def close(self) -> None:
        """Close every connection and give the folder up."""
        with self._guard:
            self._closed.set()
            for client in self._clients:
                client.close()
            self._clients.clear()
        if self._lock_file:
            self._lock_file.close()
            self._lock_file = None

    @contextmanager
    def _lent(self) -> Iterator[Client]:
        """A connection that nobody else uses meanwhile."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._connect()
        is_clean = True
        try:
            yield client
        except ClickHouseError as error:
            is_clean = not self.embedded
            raise self._refused(error) from error
        finally:
            if is_clean or self._closed.is_set():
                self._idle.put(client)
            else:
                self._replace(client)

    @contextmanager
    def _with_room(self, client: Client) -> Iterator[None]:
        """Around a statement that writes: refused where the embedded engine would not notice a full disk."""
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
        if self.embedded:
            return NotEnoughMemory(HERE, mib=self._memory // MIB)
        return NotEnoughMemory(THERE)

    def _connect(self) -> Client:
        try:
            with self._guard:
                if self._closed.is_set():
                    raise StoreUnavailable("the event store is closed")
                if not self._clients:
                    with clickhouse_connect.get_client(
                        dsn=self._dsn, database="default", **self._options()
                    ) as first:
                        if not first.command(f"exists database {quoted(self.database)}"):
                            with self._with_room(first):
                                first.command(f"create database if not exists {quoted(self.database)}")
                client = clickhouse_connect.get_client(
                    dsn=self._dsn, database=self.database, **self._options()
                )
                self._clients.append(client)
        except (
            ClickHouseError,
            TypeError,
        ) as error:  # a TypeError: an option in the address that does not exist
            address = urlsplit(self._dsn)
            raise StoreUnavailable(
                f"the event store {address.scheme}://{address.hostname or '…'} cannot be opened "
                f"({_cause(error)}); check WAYWISER_EVENTS_URL and that the store runs"
            ) from error
        return client

    def _options(self) -> dict[str, Any]:
        if self.embedded:  # a server's engine may be too old to know this, and has its own limits
            most = {"max_memory_usage_for_user": self._memory, "max_memory_usage": self._memory}
            return {"settings": EMBEDDED | most}
        # Thousands of bound values would be too long for an address, so they travel as a form.
        settings = {"async_insert": 0, "insert_deduplicate": 1, **SETTINGS}
        secure = urlsplit(self._dsn).scheme == "clickhouses"
        return {"settings": settings, "form_encode_query_params": True, "secure": secure}


def database_in(url: str, otherwise: str = DATABASE) -> str:
    """The database that the address of a server names."""
    parts = urlsplit(url)
    return otherwise if parts.scheme == "chdb" else parts.path.strip("/") or otherwise


def _as_numbers(ids: Sequence[bytes]) -> list[int]:
    return [int.from_bytes(one, "little") for one in ids]


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
