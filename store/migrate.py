"""Brings both stores to their newest shape; running it again changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

import migrations
from store.cluster import ClusterError, first_statements, on_cluster
from store.events import EventStore

FOLDER = Path(migrations.__file__).parent
APPLIED = (
    "create table migrations_applied (name String, at DateTime default now()) "
    "engine = MergeTree order by name"
)


def migrate_db(engine: Engine) -> str:
    """Upgrade the relational store; returns its revision."""
    config = _alembic()
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return current(engine) or ""


def migrate_events(events: EventStore, *, cluster: str | None = None) -> list[str]:
    """Apply the numbered SQL files that the event store has not seen; returns their names.

    What lies on a cluster already stays there. A `cluster` is named once, before there is anything; raises
    ClusterError where something is.
    """
    if cluster and events.embedded:
        raise ClusterError("a cluster is one of servers: name one in WAYWISER_EVENTS_URL, as clickhouse://…")
    known, applied = events.cluster, _engine_of_applied(events)
    if cluster and cluster != known and (known or applied == "MergeTree"):
        raise ClusterError(
            f"the database {events.database!r} holds tables that are not those of a cluster {cluster!r}; "
            "name another database in WAYWISER_EVENTS_URL"
        )
    if not (cluster or known) and applied.startswith("Replicated"):
        raise ClusterError(
            "the migration to a cluster broke off; run `waywiser migrate --cluster NAME` again"
        )
    cluster = known or cluster
    if known is None:
        for statement in _beginning(cluster, events.database):
            events.command(statement)
    done = {row["name"] for row in events.query("select name from migrations_applied")}
    fresh = [path for path in _files() if path.stem not in done]
    for path in fresh:
        for statement in _of_file(path, cluster, events.database):
            events.command(statement)
        events.look_for_cluster()
        sql = "insert into migrations_applied (name) values ({name:String})"
        events.command(sql, {"name": path.stem})
    return [path.stem for path in fresh]


def unapplied(events: EventStore) -> list[str]:
    """The numbered SQL files that the event store has not seen."""
    done = {row["name"] for row in events.query("select name from migrations_applied")}
    return [path.stem for path in _files() if path.stem not in done]


def cluster_statements(cluster: str, database: str) -> list[str]:
    """All statements that bring an empty cluster to the newest shape, in their order."""
    create, *beginning = _beginning(cluster, database)
    all_of_them = [create, f"use {database}", *beginning]
    for path in _files():
        applied = f"insert into migrations_applied (name) values ('{path.stem}')"  # noqa: S608
        all_of_them += [*_of_file(path, cluster, database), applied]
    return all_of_them


def _files() -> list[Path]:
    return sorted((FOLDER / "events").glob("*.sql"))


def _beginning(cluster: str | None, database: str) -> list[str]:
    first = first_statements(cluster, database) if cluster else []
    return first + _shaped(APPLIED, cluster, database)


def _of_file(path: Path, cluster: str | None, database: str) -> list[str]:
    return [
        one for statement in statements(path.read_text()) for one in _shaped(statement, cluster, database)
    ]


def _shaped(statement: str, cluster: str | None, database: str) -> list[str]:
    """The statement as it is on one server, or what it becomes on a cluster."""
    if cluster:
        return on_cluster(statement, cluster, database)
    return [re.sub(r"^create (table|view) (?!if not exists)", r"create \1 if not exists ", statement)]


def _engine_of_applied(events: EventStore) -> str:
    where = "database = currentDatabase() and name = 'migrations_applied'"
    rows = events.query(f"select engine from system.tables where {where}")  # noqa: S608
    return str(rows[0]["engine"]) if rows else ""


def statements(sql: str) -> list[str]:
    """The statements of a migration file, without its comments."""
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    return [s.strip() for s in re.split(r";\s*(?:\n|$)", "\n".join(lines)) if s.strip()]


def current(engine: Engine) -> str | None:
    """The revision that the relational store has, or None before the first migration."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this program needs."""
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
