"""Workers that die, sleep or meet an event that ends them, at the places where it is hardest to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from server.house import House
from server.opening import now_ms
from store.db import writing
from store.drops import drops_by_code, recent_drops
from store.inbox import Envelope, Inbox, waiting
from store.migrate import migrate_events
from store.projects import create_project
from store.settings import Settings
from tests.faults.conftest import THOROUGH
from tests.faults.fleet import shared_store
from tests.faults.frail import AT_THE_PLACE
from tests.faults.load import message
from tests.installation import Installation, Running, eventually

LEASE_MS = 600
NAMES = [f"m{n}" for n in range(60)]


class Place(Installation):
    """A project whose inbox is filled by hand and whose workers are started one by one."""

    def __init__(self, folder: Path, engine: Engine, events: str) -> None:
        address = engine.url.render_as_string(hide_password=False)
        super().__init__(folder, DATABASE_URL=address, EVENTS_URL=events)
        self.settings = Settings(database_url=address, events_url=events)
        self.engine, self._events = engine, events
        with shared_store(events) as store:
            migrate_events(store)
        create_project(engine, key="shop", name="Shop", now=0)

    def put(self, names: list[str], **changes: str) -> None:
        """Let these messages wait in envelopes of ten."""
        inbox = Inbox(self.engine)
        for start in range(0, len(names), 10):
            messages = [message(name) | changes for name in names[start : start + 10]]
            inbox.put(Envelope(project=1, received_at=now_ms(), side="server", messages=messages))
        inbox.close()

    def worker(self, fate: str) -> Running:
        """Start a worker with a fate, see `frail`."""
        return self.spawn(str(LEASE_MS), fate, "worker", module="tests.faults.frail")

    def drained_by_another(self) -> bool:
        """Take over what the first worker left, as soon as its lease ends."""
        with House(self.settings) as house:
            house.worker.start()
            return self.drained()

    @contextmanager
    def nobody_writing(self) -> Iterator[None]:
        """Nobody is in the middle of a change to the batches: a process that stops there would hold it up."""
        with writing(self.engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("lock table batches in share row exclusive mode"))
            yield

    def drained(self) -> bool:
        """Wait until no envelope waits."""
        return eventually(lambda: waiting(self.engine), lambda n: n == 0) == 0

    def stored(self) -> Counter[str]:
        """How often each message is stored."""
        with shared_store(self._events) as store:
            return Counter(row["message_id"] for row in store.query("select message_id from events"))


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, events_address: str, database: str) -> Place:
    """A project with sixty messages in its inbox, and copies of ten of them."""
    place = Place(tmp_path, request.getfixturevalue(database), events_address)
    place.put([*NAMES, *NAMES[:10]])
    return place


WHERE = ["before", "between", "after", "known"]
BOTH = ["engine", "pg_engine"]
PLACES = [*product(BOTH, WHERE)] if THOROUGH else [("engine", "between"), ("pg_engine", "after")]


@pytest.mark.slow
@pytest.mark.parametrize(("database", "where"), PLACES)
def test_what_a_killed_worker_left_is_stored_once_by_another(place: Place, where: str) -> None:
    with place:
        killed = place.worker(f"{where}-end")
        assert killed.process.wait(timeout=60) == -9
        assert place.drained_by_another()
    assert place.stored() == Counter(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("database", BOTH if THOROUGH else ["engine"])
def test_rows_that_the_engine_noted_but_never_got_are_stored_by_the_next_worker(place: Place) -> None:
    with place:
        killed = place.worker("torn-end")
        assert killed.process.wait(timeout=60) == -9
        assert 0 < place.stored().total() < len(NAMES)
        assert place.drained_by_another()
    assert place.stored() == Counter(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize(("database", "where"), PLACES)
def test_a_worker_that_slept_through_its_lease_stores_nothing_twice(place: Place, where: str) -> None:
    with place:
        asleep = place.worker(f"{where}-pause")
        assert eventually((place.folder / AT_THE_PLACE).exists, bool)
        with place.nobody_writing():
            asleep.suspend()
        assert place.drained_by_another()
        (place.folder / AT_THE_PLACE).unlink()
        asleep.resume()
        assert asleep.stop() == 0, place.log()
    assert place.stored() == Counter(NAMES)


POISONS = [
    ("engine", "poison-raise", "EventStoreError: these rows cannot be stored"),
    ("pg_engine", "poison-end", "every worker that took it ended at once"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("database", "fate", "explanation"), POISONS)
def test_an_event_that_ends_every_worker_is_set_aside_and_all_others_get_through(
    place: Place, fate: str, explanation: str
) -> None:
    with place:
        place.put(["bad"], event="Poison", type="track")
        place.worker(fate)
        assert place.drained(), place.log()
    assert place.stored() == Counter(NAMES)
    assert drops_by_code(place.engine, 1) == {"poison": 1}
    [drop] = recent_drops(place.engine, 1)
    assert explanation in drop["message"]
    assert b'"bad"' in drop["original"]
