"""How the inbox stands, and the proof that it can be written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from store.inbox import Envelope, put_together, sealed, waiting
from store.settings import Settings
from store.vitals import InboxState, inbox_state, prove_writable

HOUR = 1_759_998_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


def test_the_inbox_says_how_many_wait_and_how_long(db: Engine) -> None:
    assert inbox_state(db, Settings(), now=HOUR) == InboxState(0, 1_000_000, 0)
    ready = [
        sealed(Envelope(project=1, received_at=at, side="server", messages=[{}])) for at in (HOUR, HOUR + 9)
    ]
    put_together(db, ready)
    assert inbox_state(db, Settings(inbox_limit=500), now=HOUR + 7_999) == InboxState(2, 500, 7)


def test_the_proof_that_the_inbox_can_be_written_leaves_nothing_in_it(db: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: prove_writable(db), range(20)))
    assert waiting(db) == 0


def test_an_inbox_that_cannot_be_written_has_no_proof(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create trigger full before insert on inbox begin select raise(abort, 'no'); end"
        )
    with pytest.raises(SQLAlchemyError):
        prove_writable(engine)
