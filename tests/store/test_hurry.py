"""In a hurry no store is asked: whatever would have to raises a signal, and can be asked again at leisure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import Engine

from store.db import writing
from store.hurry import TakesTime, in_a_hurry, take_time
from store.inbox import Envelope, Inbox, waiting
from store.rules import KnownRules


@pytest.fixture(params=["engine", "pg_engine"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    "ask",
    [
        lambda db: db.connect(),
        lambda db: db.raw_connection(),
        lambda db: writing(db).__enter__(),
        lambda db: KnownRules(db).of(1),
        waiting,
    ],
)
def test_a_store_is_not_asked_in_a_hurry(db: Engine, ask: Callable[[Engine], object]) -> None:
    with in_a_hurry(), pytest.raises(TakesTime):
        ask(db)
    assert waiting(db) == 0


def test_what_is_known_needs_no_store(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.rules.REMEMBER_S", 3_600.0)
    rules = KnownRules(db)
    known = rules.of(1)
    with in_a_hurry():
        assert rules.of(1) is known


def test_a_full_inbox_is_counted_anew_only_by_who_may_wait(db: Engine) -> None:
    inbox = Inbox(db, limit=1)
    inbox.put(Envelope(project=1, received_at=1, side="server", messages=[]))
    inbox._counted_at -= 60  # as if the last count were a minute ago
    with in_a_hurry(), pytest.raises(TakesTime):
        inbox.require_room()
    with db.begin() as connection:
        connection.exec_driver_sql("delete from inbox")
    inbox.require_room()
    with in_a_hurry():
        inbox.require_room()
    inbox.close()


def test_nobody_who_handles_mistakes_hides_the_signal() -> None:
    take_time()
    with in_a_hurry(), pytest.raises(TakesTime), suppress(Exception):
        take_time()
    take_time()
