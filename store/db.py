"""Opens the relational store: SQLite with a write-ahead log, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    Text,
    TextualSelect,
    bindparam,
    create_engine,
    event,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from store.complaint import Complaint
from store.hurry import take_time

Insert = Any  # of either dialect
Given = Mapping[str, ColumnElement[Any]]  # the columns of rows by which others are changed

# So that a PostgreSQL that cannot be reached is an error within seconds. What the address says counts more.
REACH: dict[str, int] = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds that sent bytes may be unacknowledged
    "keepalives_idle": 10,  # seconds of silence before the first question whether anybody is there
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


class Connections(QueuePool):
    """The connections of an engine; to take one takes time, as the store may be slow or away."""

    def connect(self) -> PoolProxiedConnection:
        """Take a connection; raises TakesTime in a hurry."""
        take_time()
        return super().connect()


class StoreUnavailable(Complaint):
    """A store cannot be opened; the message names the cause and the cure."""


def open_db(url: str, *, sync: str = "full") -> Engine:
    """Open the relational store at `url`; `sync` is SQLite's `synchronous` level.

    Raises StoreUnavailable when the folder of an SQLite file cannot be made.
    """
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        return create_engine(
            address,
            connect_args={name: value for name, value in REACH.items() if name not in address.query},
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
            poolclass=Connections,
            hide_parameters=True,
        )
    if address.database and address.database != ":memory:":
        make_folder(Path(address.database).parent)
    connect = {"timeout": 30, "check_same_thread": False}
    # Errors must not carry the values: they are people's ids.
    engine = create_engine(
        address, connect_args=connect, pool_size=20, poolclass=Connections, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=wal", f"synchronous={sync}", "foreign_keys=on", "cache_size=-32000"):
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("waywiser_write")
        connection.exec_driver_sql("begin immediate" if write else "begin")

    return engine


def make_folder(folder: Path) -> None:
    """Make a data folder; says in one sentence why it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StoreUnavailable(
            f"the folder {folder} cannot be written ({error.strerror}); "
            "make it writable for this user or set WAYWISER_DATABASE_URL and WAYWISER_EVENTS_URL to others"
        ) from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write: takes SQLite's write lock at once, so that it cannot fail half way."""
    with engine.connect().execution_options(waywiser_write=True) as connection, connection.begin():
        yield connection


# Many rows, one statement, and one row that answers for many: after each of many a thread would wait for the
# interpreter again, and where another one computes, that takes longer than all that SQLite does. PostgreSQL
# gets and gives them in one go.


def read_rows(connection: Connection, query: Select[Any] | TextualSelect) -> list[Any]:
    """The rows that answer a query, whose columns have numbers and texts; each has its columns as fields."""
    if connection.dialect.name != "sqlite":
        return list(connection.execute(query))
    found = query.subquery("found")
    listed = select(func.json_group_array(func.json_array(*found.c), type_=Text)).select_from(found)
    decode = _decoder(tuple((str(column.name), isinstance(column.type, Boolean)) for column in found.c))
    return cast(list[Any], decode(connection.execute(listed).scalar_one()))


@lru_cache
def _decoder(columns: tuple[tuple[str, bool], ...]) -> Callable[[str], object]:
    """Reads lists of lists as rows; the columns are given by name, and whether they are true or false."""
    fields = [(name, bool if is_flag else Any) for name, is_flag in columns]
    row = msgspec.defstruct("Row", fields, frozen=True, array_like=True, gc=False)
    return msgspec.json.Decoder(list[row], strict=False).decode  # type: ignore[valid-type]


def insert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    otherwise: Callable[[Insert], Insert] = lambda insert: insert,
) -> None:
    """Insert rows of equal columns; `otherwise` adds what is to happen to those that are there."""
    if connection.dialect.name == "sqlite":
        names = list(rows[0])
        query = select(*_listed(rows, names)).where(true())  # else what follows would be a join's condition
        connection.execute(otherwise(sqlite.insert(table).from_select(names, query)))
    else:
        connection.execute(otherwise(postgresql.insert(table)), rows)


def update_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    where: Callable[[Given], ColumnElement[bool]],
    values: Callable[[Given], dict[str, Any]],
) -> None:
    """Update the rows of `table` that `where` finds for each of `rows`, to the `values` that it gives.

    SQLite reads `rows` first only where the whole key is compared with columns of theirs.
    """
    names = list(rows[0])
    if connection.dialect.name == "sqlite":
        given = dict(zip(names, _listed(rows, names), strict=True))
    else:
        given = {name: bindparam(f"given_{name}") for name in names}
    statement = update(table).where(where(given)).values(values(given))
    named = [{f"given_{name}": value for name, value in row.items()} for row in rows]
    connection.execute(statement, None if connection.dialect.name == "sqlite" else named)


def _listed(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[ColumnElement[Any]]:
    """The columns of rows, as SQLite reads them from one text: without NUL, numbers up to 63 bits."""
    values = msgspec.json.encode([[row[name] for name in names] for row in rows]).decode()
    listed = func.json_each(values).table_valued("value", name="listed")
    return [func.json_extract(listed.c.value, f"$[{place}]") for place in range(len(names))]
