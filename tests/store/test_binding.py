"""What is too long for one bound value of a server arrives whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from store.events import EventStore
from tests.served import served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    """An event store behind the HTTP client."""
    with served(tmp_path_factory.mktemp("server")) as events:
        yield events


CUSTOMERS = [2**63 - 1 - 7 * number for number in range(12_000)]
NAMES = [f"it's \\ {number}\t\n“{'é' * 20}” 𝄞" for number in range(3_000)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Array(UInt64)", CUSTOMERS),
        ("Array(UInt128)", [2**127 + number for number in range(5_000)]),
        ("Array(Int64)", [-number for number in range(30_000)]),
        ("Array(String)", NAMES),
        ("Array(Array(UInt32))", [list(range(10_000)), [], [1]]),
        ("String", "".join(NAMES)),
        ("String", "\\'" * 60_000),
        ("String", ""),
    ],
    ids=lambda one: one if isinstance(one, str) and len(one) < 30 else "",
)
def test_a_long_value_is_bound_as_a_whole(
    server: EventStore, events: EventStore, kind: str, value: Any
) -> None:
    sql = f"select {{value:{kind}}} as value, toString(cityHash64(value)) as hash"
    (here,), (there,) = (store.query(sql, {"value": value}) for store in (events, server))
    assert there["value"] == here["value"] == value
    assert there["hash"] == here["hash"]


def test_ten_thousand_customers_are_asked_for_at_once(server: EventStore) -> None:
    sql = (
        "select count() as n from numbers(20000) "
        "where 9223372036854775807 - 7 * number in {some:Array(UInt64)}"
    )
    assert server.query(sql, {"some": CUSTOMERS}) == [{"n": 12_000}]


def test_a_statement_takes_as_many_as_a_question(server: EventStore) -> None:
    values = {"some": CUSTOMERS, "text": "é" * 50_000}
    many = "select arrayJoin({some:Array(UInt64)}) where {text:String} != ''"
    sql = f"insert into probes select now64(3, 'UTC') from ({many})"
    before = server.query("select count() as n from probes")[0]["n"]
    server.command(sql, values)
    assert server.query("select count() as n from probes")[0]["n"] == before + 12_000
