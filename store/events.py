"""The event store: ClickHouse, embedded (`chdb://`) or on a server (`clickhouse://`)."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa

from store.binding import in_pieces
from store.changes import Changes
from store.cluster import EVERYWHERE, LOCAL, cluster_of, writes_everywhere
from store.db import StoreUnavailable
from store.event import Event
from store.event_connections import EventConnections
from store.event_errors import EventStoreError
from store.folder import folder_of, own_folder
from store.full_disk import FullDisk, drop_cut_notes, frees
from store.memory import for_questions
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


class EventStore:
    """One database of events. Threads share it: a connection serves one question at a time.

    Open it after the process has forked: the embedded engine does not survive a fork. All its statements
    under way may take `memory_mb` MiB together, 0: a part of what there is; a server has its own limit.
    """

    def __init__(self, url: str, *, database: str = DATABASE, memory_mb: int = 0) -> None:
        parts = urlsplit(url)
        self.embedded = parts.scheme == "chdb"
        self._lock_file: IO[str] | None = None
        self.database = database_in(url, database)
        full_disk: FullDisk | None = None
        if self.embedded:
            folder = folder_of(url)
            self._lock_file = own_folder(folder)
            try:
                drop_cut_notes(folder)
            except StoreUnavailable:
                self._lock_file.close()
                raise
            full_disk = FullDisk(folder)
            url = f"chdb://{folder}"
        self._use(EventConnections(url, self.database, memory=for_questions(memory_mb), full_disk=full_disk))

    def sibling(self, database: str, *, memory_mb: int = 0) -> EventStore:
        """Another database of the same engine, with connections of its own; close it before this one."""
        other = copy.copy(self)
        other.database, other._lock_file = database, None
        memory = for_questions(memory_mb) if memory_mb else 0
        other._use(self._connections.to(database, memory=memory))
        return other

    def _use(self, connections: EventConnections) -> None:
        self._connections = connections
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
            with self._connections.lent_to_write() as client:
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
            with self._connections.lent() as client:
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
        if work:
            work.check()
        settings = SORTED_ON_DISK | (work.settings_for(FILES_TAKE) if work else {})
        try:
            with (
                self._connections.lent() as client,
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
            lent = self._connections.lent if frees(sql) else self._connections.lent_to_write
            with lent() as client:
                # A command's values would travel in the address, those of the other in a form.
                if bound and not self.embedded:
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
            rows = self.asked_for(None).query(  # whatever may be asked for the answer itself
                "select count() as n, sum(cityHash64(hostName(), table, name)) as names "  # noqa: S608
                f"from {self.system('parts')} "
                "where database = {database:String} and active and table not in {unread:Array(String)}",
                {"database": self.database, "unread": [*UNREAD, *(f"{one}{LOCAL}" for one in UNREAD)]},
            )
        except EventStoreError:
            return None
        return rows[0]["n"], rows[0]["names"]

    def asked_for(self, work: Work | None) -> EventStore:
        """This store for questions of some work, by the same connections; it is not to be closed."""
        other = copy.copy(self)
        other._work = work
        return other

    def end(self, work: Work) -> None:
        """End the questions of some work, wherever they run; it begins no other one."""
        work.end()
        where = f"on cluster {self.cluster} " if self.cluster else ""
        with self._connections.lent() as client:
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
        self._connections.close()
        if self._lock_file:
            self._lock_file.close()
            self._lock_file = None


def database_in(url: str, otherwise: str = DATABASE) -> str:
    """The database that the address of a server names."""
    parts = urlsplit(url)
    return otherwise if parts.scheme == "chdb" else parts.path.strip("/") or otherwise


def _as_numbers(ids: Sequence[bytes]) -> list[int]:
    return [int.from_bytes(one, "little") for one in ids]
