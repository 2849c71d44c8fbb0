"""Ingestion counts: sums that add up, in both relational stores, also from several writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select

from store.db import writing
from store.drops import DropRow, values_of
from store.ingestion import (
    MOST_SUMS,
    OTHER_LIBRARIES,
    Count,
    add_counts,
    by_detail,
    by_library,
    counts_of_drops,
    hourly,
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


def test_sums_are_told_by_hour_library_and_detail(db: Engine) -> None:
    add(
        db,
        {
            (1, HOUR, "accepted", "", "a"): 1,
            (1, HOUR, "accepted", "", "b"): 2,
            (1, HOUR, "bot", "headless", "a"): 3,
            (1, HOUR + 3_600_000, "dropped", "too_old", "a"): 4,
            (1, HOUR + 3_600_000, "dropped", "too_large", "a"): 5,
            (1, HOUR - 1, "accepted", "", "a"): 100,
            (1, HOUR + 7_200_000, "accepted", "", "a"): 100,
            (2, HOUR, "accepted", "", "a"): 100,
        },
    )
    span = (1, HOUR, HOUR + 7_200_000)
    assert hourly(db, *span) == [
        (HOUR, "accepted", "", 3),
        (HOUR, "bot", "", 3),
        (HOUR + 3_600_000, "dropped", "too_large", 5),
        (HOUR + 3_600_000, "dropped", "too_old", 4),
    ]
    assert by_library(db, *span) == [
        ("a", "accepted", 1),
        ("a", "bot", 3),
        ("a", "dropped", 9),
        ("b", "accepted", 2),
    ]
    assert by_detail(db, *span) == [
        ("accepted", "", 3),
        ("bot", "headless", 3),
        ("dropped", "too_large", 5),
        ("dropped", "too_old", 4),
    ]
