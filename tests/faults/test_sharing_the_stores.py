"""What a process knows of others that write and erase in shared stores, and which jobs it starts."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

from server.house import House
from server.opening import migrate
from store.db import writing
from store.events import EventStore
from store.migrate import migrate_events
from store.privacy.deletion import inserts_under_way
from store.privacy.suppression import key_of, suppress
from store.projects import create_project
from store.settings import Settings
from tests.gates import gate
from tests.installation import eventually
from tests.served import SharedEvents

SLOW = "insert into probes select now64(3, 'UTC') from "


def test_a_statement_that_somebody_else_has_sent_is_seen_until_it_ends(
    event_server: SharedEvents, tmp_path: Path
) -> None:
    address = event_server.address("fence")
    with (
        closing(EventStore(address)) as mine,
        closing(EventStore(address)) as theirs,
        closing(EventStore(event_server.address("elsewhere"))) as elsewhere,
    ):
        migrate_events(mine)
        migrate_events(elsewhere)
        with gate(tmp_path, "one") as one, gate(tmp_path, "other") as other:
            filling = [
                threading.Thread(target=store.command, args=(SLOW + closed.row,))
                for store, closed in ((theirs, one), (elsewhere, other))
            ]
            for thread in filling:
                thread.start()
            assert len(eventually(lambda: inserts_under_way(elsewhere), bool)) == 1
            seen = eventually(lambda: inserts_under_way(mine), bool)
            assert len(seen) == 1, "and nothing that writes to another database"
        for thread in filling:
            thread.join()
        assert inserts_under_way(mine) == []


def open_house(folder: Path, events: str) -> House:
    settings = Settings(database_url=f"sqlite:///{folder}/waywiser.db", events_url=events)
    migrate(settings)
    return House(settings)


def test_no_row_is_written_for_who_was_erased_meanwhile(event_server: SharedEvents, tmp_path: Path) -> None:
    with open_house(tmp_path, event_server.address("erased")) as house:
        project = create_project(house.engine, key="main", name="Main", now=0).id
        key = key_of(house.engine)
        with writing(house.engine) as connection:
            suppress(connection, key, project, [7], erasure=1)
        house.refresh(project, {7, 8})
        rows = house.events.query("select distinct customer from customer_sessions")
        assert rows == [{"customer": 8}]


def test_a_worker_starts_four_jobs_and_ends_them(event_server: SharedEvents, tmp_path: Path) -> None:
    jobs = {"filler", "regrouping", "housekeeping", "erasing"}
    with open_house(tmp_path, event_server.address("jobs")) as house:
        assert not jobs & {thread.name for thread in threading.enumerate()}
        house.start_jobs()
        assert jobs <= {thread.name for thread in threading.enumerate()}
    assert not jobs & {thread.name for thread in threading.enumerate()}
