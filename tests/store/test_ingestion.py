"""Ingestion counts: sums that add up, in both relational stores, also from several writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from store.db import writing
from store.drops import DropRow, values_of
from store.inbox import Envelope, put_together, sealed, waiting
from store.ingestion import (
    MOST_SUMS,
    OTHER_LIBRARIES,
    Count,
    add_counts,
    counts_of_drops,
    oldest_waiting,
    prove_writable,
)
from store.tables import ingestion

HOUR = 1_760_000_400_000 - 1_760_000_400_000 % 3_600_000


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


def add(db: Engine, counts: dict[Count, int]) -> None:
    with writing(db) as connection:
        add_counts(connection, counts)


def sums(db: Engine) -> dict[Count, int]:
    with db.connect() as connection:
        return {tuple(row[:-1]): row.n for row in connection.execute(select(ingestion))}


def test_counts_of_one_key_are_summed(db: Engine) -> None:
    accepted, late = (1, HOUR, "accepted", "", "js/1"), (1, HOUR, "late", "", "js/1")
    add(db, {accepted: 3, late: 1})
    add(db, {accepted: 4})
    add(db, {})
    assert sums(db) == {accepted: 7, late: 1}


def test_a_transaction_that_fails_counts_nothing(db: Engine) -> None:
    with db.connect() as connection, connection.begin() as transaction:
        add_counts(connection, {(1, HOUR, "accepted", "", ""): 3})
        transaction.rollback()
    assert sums(db) == {}


def test_writers_at_once_lose_nothing_and_do_not_lock_each_other_out(db: Engine) -> None:
    keys = [(1, HOUR, "accepted", "", f"library/{n}") for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        orders = [keys, keys[::-1]] * 20
        list(pool.map(lambda order: add(db, dict.fromkeys(order, 1)), orders))
    assert sums(db) == dict.fromkeys(keys, 40)


def test_made_up_libraries_are_summed_up_together(db: Engine) -> None:
    many = {(1, HOUR, "accepted", "", f"fake/{n}"): 1 for n in range(1_000)}
    add(db, {**many, (1, HOUR, "accepted", "", "real/1"): 50})
    found = sums(db)
    assert len(found) == MOST_SUMS + 1
    assert found[1, HOUR, "accepted", "", "real/1"] == 50
    assert found[1, HOUR, "accepted", "", OTHER_LIBRARIES] == 1_001 - MOST_SUMS
    assert sum(found.values()) == 1_050


def test_drops_are_counted_by_hour_reason_and_library() -> None:
    js = {"message": {"context": {"library": {"name": "js", "version": "1"}}}}
    rows = [
        DropRow(project=1, received_at=at, place="door", code=code, message="no", original=original)
        for at, code, original in [
            (HOUR, "too_large", js),
            (HOUR + 5, "too_large", js),
            (HOUR + 5, "bad_field", js),
            (HOUR - 1, "bad_field", {"message": "no object"}),
        ]
    ]
    assert counts_of_drops(values_of(rows)) == {
        (1, HOUR, "dropped", "too_large", "js/1"): 2,
        (1, HOUR, "dropped", "bad_field", "js/1"): 1,
        (1, HOUR - 3_600_000, "dropped", "bad_field", ""): 1,
    }


def test_the_oldest_envelope_says_since_when_it_waits(db: Engine) -> None:
    assert oldest_waiting(db) is None
    ready = [
        sealed(Envelope(project=1, received_at=at, side="server", messages=[{}])) for at in (HOUR, HOUR + 9)
    ]
    put_together(db, ready)
    assert oldest_waiting(db) == HOUR


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
