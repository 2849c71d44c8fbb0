"""The third migration of the relational store: what the ledger held before is there afterwards."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, insert, select, text

import store
from store.migrate import _alembic
from store.tables import edges, identities, metadata, projects


def moved(engine: Engine, how: Callable[..., None], revision: str) -> None:
    config = _alembic()
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        how(config, revision)


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")
    return engine


def test_an_older_ledger_is_taken_over_and_can_be_given_back(db: Engine) -> None:
    moved(db, command.downgrade, "0002")
    with db.begin() as connection:
        connection.execute(insert(projects).values(id=1, key="p", name="P", timezone="UTC", created_at=0))
        for number, kind, contested in ((1, "user", False), (2, "anonymous", True), (3, "user", False)):
            connection.execute(
                text("insert into identities values (1, :number, :kind, 'x', :number, :contested)"),
                {"number": number, "kind": kind, "contested": contested},
            )
        for a, b, retracted in ((1, 2, None), (2, 3, None), (1, 3, 9)):
            connection.execute(
                text(
                    "insert into edges (project_id, a, b, rule, evidence, at, retracted_at) "
                    "values (1, :a, :b, 'identify', '00', 7, :retracted)"
                ),
                {"a": a, "b": b, "retracted": retracted},
            )
    moved(db, command.upgrade, "0003")
    with db.connect() as connection:
        lines = connection.execute(select(edges).order_by(edges.c.a, edges.c.b)).all()
        counts = dict(connection.execute(select(identities.c.identity, identities.c.neighbours)).all())
    assert [(one.a, one.b, one.refused, one.entered_at) for one in lines] == [
        (1, 2, "shared", 7),
        (1, 3, "", 7),
        (2, 3, "shared", 7),
    ]
    assert counts == {1: 1, 2: 2, 3: 1}
    moved(db, command.downgrade, "0002")
    with db.connect() as connection:
        assert connection.scalar(text("select count(*) from edges")) == 3
    moved(db, command.upgrade, "head")


def test_the_tables_are_as_the_migrations_make_them(db: Engine) -> None:
    for module in pkgutil.iter_modules(store.__path__):
        if module.name.startswith("tables"):  # each family of tables adds its own
            importlib.import_module(f"store.{module.name}")
    with db.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
