"""Who fills a version says so again and again; another may take it over when that stops."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from store import filling


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


def test_a_claim_is_held_as_long_as_it_is_renewed(db: Engine) -> None:
    held = filling.claim(db, 7, now=0)
    assert held is not None
    assert filling.claim(db, 7, now=filling.LEASE_MS - 1) is None
    assert filling.claim(db, 8, now=0) is not None
    assert filling.renew(db, 7, held, now=filling.LEASE_MS - 1)
    assert filling.claim(db, 7, now=filling.LEASE_MS) is None
    taken = filling.claim(db, 7, now=2 * filling.LEASE_MS)
    assert taken is not None
    assert not filling.renew(db, 7, held, now=0)
    assert (filling.is_held(db, 7, held), filling.is_held(db, 7, taken)) == (False, True)
    assert filling.claim(db, 7, now=filling.LEASE_MS) is None
    assert filling.claim(db, 7, now=-filling.LEASE_MS) is not None, "the clock was put back by some minutes"
    filling.free_all(db)
    assert filling.claim(db, 7, now=0) is not None
