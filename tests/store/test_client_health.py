"""What clients count themselves: sums that grow by what is new, whatever is repeated, overtaken or lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from store import client_health
from store.client_health import (
    MOST_SERVICES,
    OTHERS,
    Growth,
    Health,
    Told,
    by_service,
    clients_of,
    enter,
    read_health,
)
from store.db import writing
from store.tables_health import client_streams

HOUR = 1_760_000_400_000 - 1_760_000_400_000 % 3_600_000


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("engine" if request.param == "sqlite" else "pg_engine")


def told(
    stream: str = "s1", service: str = "billing", at: int = HOUR, project: int = 1, **counts: Any
) -> Told:
    return Told(project, at, Health(stream=stream, service=service, **counts))


def add(db: Engine, *some: Told) -> Counter[Growth]:
    with writing(db) as connection:
        return enter(connection, some)


def sums(db: Engine, project: int = 1) -> dict[tuple[str, ...], int]:
    return {tuple(key): n for *key, n in by_service(db, project, 0, 2**62)}


def streams(db: Engine) -> int:
    with db.connect() as connection:
        return connection.scalar(select(func.count()).select_from(client_streams)) or 0


def test_counters_are_kept_by_how_much_they_grew(db: Engine) -> None:
    add(db, told(enqueued=10, sent=8, dropped={"queue_full": 2}))
    grown = add(db, told(enqueued=15, sent=12, retried=4, spooled=1, dropped={"queue_full": 2, "unsent": 1}))
    assert grown == {
        Growth(1, HOUR, "billing", "enqueued", ""): 5,
        Growth(1, HOUR, "billing", "sent", ""): 4,
        Growth(1, HOUR, "billing", "retried", ""): 4,
        Growth(1, HOUR, "billing", "spooled", ""): 1,
        Growth(1, HOUR, "billing", "dropped", "unsent"): 1,
    }
    assert sums(db) == {
        ("billing", "enqueued", ""): 15,
        ("billing", "sent", ""): 12,
        ("billing", "retried", ""): 4,
        ("billing", "spooled", ""): 1,
        ("billing", "dropped", "queue_full"): 2,
        ("billing", "dropped", "unsent"): 1,
    }


def test_a_report_that_is_repeated_or_overtaken_adds_nothing(db: Engine) -> None:
    early, late = told(enqueued=10, sent=5), told(enqueued=20, sent=20, at=HOUR + 9)
    add(db, late, early)
    assert add(db, early, late, early) == {}
    assert sums(db) == {("billing", "enqueued", ""): 20, ("billing", "sent", ""): 20}
    assert [(one["clients"], one["seen_at"]) for one in clients_of(db, 1, 0)] == [(1, HOUR + 9)]


def test_growth_counts_in_the_hour_in_which_it_came(db: Engine) -> None:
    add(db, told(enqueued=10))
    add(db, told(enqueued=17, at=HOUR + 3_600_000))
    assert by_service(db, 1, HOUR + 1, 2**62) == [("billing", "enqueued", "", 7)]
    assert by_service(db, 1, HOUR, HOUR + 3_600_000) == [("billing", "enqueued", "", 10)]


def test_clients_services_and_projects_are_kept_apart(db: Engine) -> None:
    add(
        db,
        told("s1", enqueued=1),
        told("s2", enqueued=2),
        told("s1", "shop", enqueued=4),
        told("s1", project=2, enqueued=8),
    )
    assert sums(db) == {("billing", "enqueued", ""): 3, ("shop", "enqueued", ""): 4}
    assert sums(db, 2) == {("billing", "enqueued", ""): 8}
    assert {one["service"]: one["clients"] for one in clients_of(db, 1, 0)} == {"billing": 2, "shop": 1}
    assert clients_of(db, 1, HOUR + 1) == []


def test_a_transaction_that_fails_keeps_nothing(db: Engine) -> None:
    with db.connect() as connection, connection.begin() as transaction:
        enter(connection, [told(enqueued=3)])
        transaction.rollback()
    assert sums(db) == {}
    assert streams(db) == 0


def test_workers_at_once_count_each_growth_once(db: Engine) -> None:
    reports = [told(f"s{n % 5}", enqueued=n) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: add(db, one), [*reports, *reversed(reports)]))
    assert sums(db) == {("billing", "enqueued", ""): 35 + 36 + 37 + 38 + 39}


def test_made_up_names_do_not_fill_the_tables(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_health, "MOST_STREAMS", 150)
    many = [told(f"s{n}", f"made up {n}", at=HOUR + n, enqueued=1) for n in range(300)]
    add(db, *many[:200])
    add(db, *many[200:], told(dropped={"somebody's own reason": 2}, at=HOUR + 900))
    found = sums(db)
    services = {key[0] for key in found}
    assert len(services) == MOST_SERVICES + 1
    assert found[OTHERS, "dropped", OTHERS] == 2
    assert sum(n for key, n in found.items() if key[1] == "enqueued") == 300
    assert streams(db) == 150


def test_text_that_a_store_cannot_keep_is_made_fit(db: Engine) -> None:
    add(db, told("\ud800", "a\0b", enqueued=1))
    assert add(db, told("\ud800", "a\0b", enqueued=1)) == {}
    assert sums(db) == {("ab", "enqueued", ""): 1}


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        {"stream": ""},
        {"stream": 5},
        {"stream": "s" * 65},
        {"stream": "s", "service": "x" * 101},
        {"stream": "s", "sent": -1},
        {"stream": "s", "sent": 1.5},
        {"stream": "s", "sent": 10**13},
        {"stream": "s", "sent": True},
        {"stream": "s", "dropped": {"x": "many"}},
        {"stream": "s", "dropped": {f"reason {n}": 1 for n in range(33)}},
        {"stream": "s", "dropped": {"x" * 33: 1}},
    ],
)
def test_what_cannot_be_meant_is_no_report(given: Any) -> None:
    assert read_health(given) is None


def test_fields_that_are_not_known_yet_are_no_reason_to_refuse_a_report() -> None:
    assert read_health({"stream": "s", "sent": 2, "mood": {"good": 1}}) == Health(stream="s", sent=2)
