"""What client libraries count of themselves: how much each service sent, and how much of it was lost.

A client says with its batches what it counted since it was made. Each time, by how much that has grown is
added to the hour in which it came. So a report that is repeated or overtaken by a later one adds nothing,
and one that never comes is made up for by the next.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, func, select
from sqlalchemy.dialects import postgresql, sqlite

from store.ingestion import hour_of, kept_text
from store.tables_health import client_counts, client_streams

MOST_SERVICES = 100  # of a project; further ones are summed up
MOST_STREAMS = 20_000  # of a project; beyond, those that said nothing for longest are forgotten
MOST_REASONS = 32  # of one report
OTHERS = "(others)"
STREAMS_AT_ONCE = 500
DAY = 86_400_000
ONE_AT_A_TIME = 7_261_002  # PostgreSQL's advisory lock under which reports are entered

# Why a client dropped a message, as Waywiser's libraries say it; what others say is summed up.
REASONS = {
    "invalid": "the call had no id, or a value that is no JSON",
    "too_large": "larger than an event may be",
    "held_back": "the program's own hook did not want it sent",
    "hook_failed": "the program's own hook failed",
    "queue_full": "the queue had no room",
    "displaced": "the queue had no room, so the oldest gave way to a new one",
    "spool_full": "the spool on disk is full or cannot be written",
    "closed": "the client was closed already",
    "unsent": "the program ended before it could be sent",
    "rejected": "the collector refused the event",
    "request_refused": "the collector refused the request, for its key for example",
    "gave_up": "the collector failed on it time after time",
}
NO_LOSS = "held_back"  # that was wanted
# Of these the client counts no message as enqueued.
NEVER_QUEUED = {"invalid", "too_large", "held_back", "hook_failed", "queue_full", "closed"}
COUNTS = ("enqueued", "sent", "retried", "spooled", "recovered")

N = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
What = tuple[str, str]  # what, and of drops why


class Health(msgspec.Struct, frozen=True):
    """One client's counters since it was made; `stream` is its own, so no other client has it.

    `spooled` were written to disk, `recovered` read back from it, whoever had written them.
    """

    stream: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    service: Annotated[str, msgspec.Meta(max_length=100)] = ""
    enqueued: N = 0
    sent: N = 0
    retried: N = 0
    spooled: N = 0
    recovered: N = 0
    dropped: Annotated[dict[Name, N], msgspec.Meta(max_length=MOST_REASONS)] | None = None


class Told(NamedTuple):
    """A report, and when it came in milliseconds."""

    project: int
    at: int
    health: Health


class Growth(NamedTuple):
    """The key of one sum: by how much a counter of a service grew in an hour."""

    project: int
    hour: int
    service: str
    what: str
    reason: str


_Key = tuple[int, str, str]  # project, service, stream
_counters = msgspec.json.Decoder(dict[str, int]).decode


def read_health(given: Any) -> Health | None:
    """A client's counters from the JSON of a batch; None where they cannot be meant."""
    try:
        return msgspec.convert(given, Health)
    except msgspec.ValidationError:
        return None


def enter(connection: Connection, told: Sequence[Told]) -> Counter[Growth]:
    """Keep what clients said, inside the caller's transaction; returns by how much their counters grew."""
    grown: Counter[Growth] = Counter()
    if not told:
        return grown
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
    by_project: dict[int, list[Told]] = defaultdict(list)
    for one in told:
        by_project[one.project].append(one)
    for project, some in sorted(by_project.items()):
        grown += _entered(connection, project, some)
    _add(connection, grown)
    return grown


def _entered(connection: Connection, project: int, told: list[Told]) -> Counter[Growth]:
    known = _known(connection, project, {kept_text(one.health.stream, 64) for one in told})
    service_of = _Services(connection, project, told[0].at)
    grown: Counter[Growth] = Counter()
    before, changed = len(known), dict[_Key, dict[str, Any]]()
    for one in told:
        stream = kept_text(one.health.stream, 64)
        name = kept_text(one.health.service, 100)
        if (project, name, stream) not in known:
            name = service_of.name(name)
        key = project, name, stream
        row = known.setdefault(key, {"first_at": one.at, "seen_at": one.at, "counters": {}})
        counters = row["counters"]
        for what, n in _counted(one.health).items():
            if (more := n - counters.get(":".join(what), 0)) > 0:
                counters[":".join(what)] = n
                grown[Growth(project, hour_of(one.at), name, *what)] += more
        row["seen_at"] = max(row["seen_at"], one.at)
        changed[key] = row
    _keep(connection, changed)
    if len(known) > before:
        _make_room(connection, project)
    return grown


def _known(connection: Connection, project: int, streams: Iterable[str]) -> dict[_Key, dict[str, Any]]:
    found: dict[_Key, dict[str, Any]] = {}
    several = sorted(streams)
    for start in range(0, len(several), STREAMS_AT_ONCE):
        some = several[start : start + STREAMS_AT_ONCE]
        mine = (client_streams.c.project_id == project) & client_streams.c.stream.in_(some)
        for row in connection.execute(select(client_streams).where(mine)).mappings():
            found[project, row["service"], row["stream"]] = {
                "first_at": row["first_at"],
                "seen_at": row["seen_at"],
                "counters": _counters(row["counters"]),
            }
    return found


class _Services:
    """The names of a project's services, read when the first new client comes; not more than may be.

    A name counts while a client of it is known, and for a day after it was counted: clients can be crowded
    out by others, and a row of the counts cannot.
    """

    def __init__(self, connection: Connection, project: int, at: int) -> None:
        self._connection, self._project, self._at = connection, project, at
        self._names: set[str] | None = None

    def name(self, given: str) -> str:
        """The name under which a client's service is kept."""
        if self._names is None:
            of_clients = select(client_streams.c.service).where(client_streams.c.project_id == self._project)
            counted = select(client_counts.c.service).where(
                client_counts.c.project_id == self._project, client_counts.c.hour > self._at - DAY
            )
            self._names = set(self._connection.execute(of_clients.union(counted)).scalars())
        if given not in self._names and len(self._names - {OTHERS}) >= MOST_SERVICES:
            return OTHERS
        self._names.add(given)
        return given


def _counted(health: Health) -> Counter[What]:
    counted: Counter[What] = Counter()
    for what in COUNTS:
        counted[what, ""] = getattr(health, what)
    for reason, n in (health.dropped or {}).items():
        counted["dropped", reason if reason in REASONS else OTHERS] += n
    return counted


def _keep(connection: Connection, rows: Mapping[_Key, Mapping[str, Any]]) -> None:
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(client_streams)
    sets = {"seen_at": insert.excluded.seen_at, "counters": insert.excluded.counters}
    keys = list(client_streams.primary_key.columns)
    values = [
        {
            **{column.name: value for column, value in zip(keys, key, strict=True)},
            **row,
            "counters": msgspec.json.encode(row["counters"]).decode(),
        }
        for key, row in sorted(rows.items())
    ]
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=sets), values)


def _make_room(connection: Connection, project: int) -> None:
    mine = client_streams.c.project_id == project
    beyond = connection.scalar(select(func.count()).where(mine)) or 0
    if beyond > MOST_STREAMS:
        oldest = select(client_streams.c.seen_at).where(mine).order_by(client_streams.c.seen_at)
        last = connection.scalar(oldest.offset(beyond - MOST_STREAMS - 1).limit(1))
        connection.execute(client_streams.delete().where(mine, client_streams.c.seen_at <= last))


def _add(connection: Connection, grown: Mapping[Growth, int]) -> None:
    if not grown:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(client_counts)
    sums = insert.on_conflict_do_update(
        index_elements=list(client_counts.primary_key.columns),
        set_={"n": client_counts.c.n + insert.excluded.n},
    )
    names = [column.name for column in client_counts.primary_key.columns]
    rows = [dict(zip(names, key, strict=True)) | {"n": n} for key, n in sorted(grown.items())]
    connection.execute(sums, rows)


def by_service(engine: Engine, project_id: int, start: int, end: int) -> list[tuple[str, str, str, int]]:
    """Service, what, reason and growth over the hours that begin in the span."""
    columns = (client_counts.c.service, client_counts.c.what, client_counts.c.reason)
    mine = client_counts.c.project_id == project_id
    span = client_counts.c.hour.between(start, end - 1)
    query = select(*columns, func.sum(client_counts.c.n)).where(mine, span).group_by(*columns)
    with engine.connect() as connection:
        return sorted((*row[:-1], int(row[-1])) for row in connection.execute(query))


def clients_of(engine: Engine, project_id: int, start: int) -> list[RowMapping]:
    """For each service how many `clients` spoke since then, and when the last did (`seen_at`)."""
    streams = func.count().label("clients")
    query = (
        select(client_streams.c.service, streams, func.max(client_streams.c.seen_at).label("seen_at"))
        .where(client_streams.c.project_id == project_id, client_streams.c.seen_at >= start)
        .group_by(client_streams.c.service)
    )
    with engine.connect() as connection:
        return list(connection.execute(query).mappings().all())
