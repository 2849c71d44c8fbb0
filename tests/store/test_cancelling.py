"""What processes tell each other of work that is not waited for any more, on both relational stores."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select

from store.cancelling import KEPT_MS, Cancelling
from store.tables_work import cancelled_work
from store.work import Work

NOW = 1_770_000_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    """A migrated, empty relational store of either kind."""
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


def test_another_process_knows_what_was_cancelled_and_forgets_it_after_a_while(db: Engine) -> None:
    moments = [NOW]
    here, there = (Cancelling(db, lambda: moments[-1]) for _ in range(2))
    first, second, third = (Work().name for _ in range(3))
    here.note(first)
    here.note(first)
    assert there.is_noted(first)
    assert not there.is_noted(second)
    moments.append(NOW + KEPT_MS)
    there.note(third)
    assert [here.is_noted(name) for name in (first, third)] == [False, True]
    with db.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(cancelled_work)) == 1
