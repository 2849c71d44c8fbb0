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
from store.events import EventStore

FOLDER = Path(migrations.__file__).parent


def migrate_db(engine: Engine) -> str:
    """Upgrade the relational store; returns its revision."""
    config = _alembic()
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return current(engine) or ""


def migrate_events(events: EventStore) -> list[str]:
    """Apply the numbered SQL files that the event store has not seen; returns their names."""
    events.command(
        "create table if not exists migrations_applied (name String, at DateTime default now()) "
        "engine = MergeTree order by name"
    )
    done = {row["name"] for row in events.query("select name from migrations_applied")}
    fresh = [path for path in sorted((FOLDER / "events").glob("*.sql")) if path.stem not in done]
    for path in fresh:
        for statement in statements(path.read_text()):
            events.command(re.sub(r"^create (table|view) ", r"create \1 if not exists ", statement))
        events.command("insert into migrations_applied (name) values ({name:String})", {"name": path.stem})
    return [path.stem for path in fresh]


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
