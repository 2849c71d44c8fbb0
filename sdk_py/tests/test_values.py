"""Which values can be sent, and what becomes of them."""

from __future__ import annotations

import sys
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Callable
from uuid import UUID

import pytest

from waywiser import Client, Drop, DropReason, MemoryTransport


class Plan(Enum):
    PRO = "pro"


class Colour(str, Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass
class Item:
    sku: str
    price: Decimal
    plan: Plan


Point = namedtuple("Point", "x y")
NOON = datetime(2026, 3, 1, 12, 0, 0, 5000)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2**70, 2**70),
        (1.5, 1.5),
        ("Zoë 🦊", "Zoë 🦊"),
        ('quote " backslash \\ line \n zero \0', 'quote " backslash \\ line \n zero \0'),
        ([1, [2]], [1, [2]]),
        ({"a": {"b": 1}}, {"a": {"b": 1}}),
        ({1: "x", None: "y"}, {"1": "x", "null": "y"}),
        ((1, 2), [1, 2]),
        (Point(1, 2), [1, 2]),
        ({5}, [5]),
        (frozenset(["a"]), ["a"]),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (NOON.replace(tzinfo=timezone(timedelta(hours=1))), "2026-03-01T11:00:00.005Z"),
        (NOON, "2026-03-01T12:00:00.005"),
        (date(2026, 3, 1), "2026-03-01"),
        (Decimal("19.90"), 19.9),
        (Decimal("20"), 20.0),
        (Fraction(1, 4), 0.25),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Plan.PRO, "pro"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Item("s1", Decimal("2.5"), Plan.PRO), {"sku": "s1", "price": 2.5, "plan": "pro"}),
        ([Item("s1", Decimal(1), Plan.PRO)], [{"sku": "s1", "price": 1.0, "plan": "pro"}]),
        ("half a pair \ud83e", "half a pair ?"),
    ],
)
def test_a_value_arrives_as_json(given: Any, written: Any) -> None:
    memory = MemoryTransport()
    with Client("key-1", transport=memory) as client:
        assert client.track("A", user_id="1", properties={"value": given}) is True
    value = memory.messages[0]["properties"]["value"]
    assert value == written
    assert type(value) is type(written)


def circle() -> list[Any]:
    inner: list[Any] = []
    inner.append(inner)
    return inner


def deep() -> list[Any]:
    inner: list[Any] = []
    for _ in range(100_000):
        inner = [inner]
    return inner


class Angry:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("secret")


@pytest.mark.parametrize(
    ("make_value", "words"),
    [
        (lambda: b"bytes", "type bytes"),
        (lambda: object(), "type object"),
        (lambda: Item, "type type"),
        (lambda: timedelta(seconds=1), "type datetime.timedelta"),
        (lambda: 1j, "type complex"),
        (lambda: iter([1]), "iterator"),
        (lambda: float("nan"), "no finite number"),
        (lambda: float("inf"), "no finite number"),
        (lambda: Decimal("NaN"), "no finite number"),
        (lambda: Decimal("1e400"), "no finite number"),
        (lambda: {(1, 2): 3}, "a key that is not text"),
        (circle, "contains itself"),
        (deep, "nested too deeply"),
        (Angry, "RuntimeError"),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused_with_its_reason(
    make_value: Callable[[], object], words: str
) -> None:
    drops: list[Drop] = []
    with Client("key-1", transport=MemoryTransport(), on_drop=drops.append) as client:
        assert client.track("A", user_id="1", properties={"value": make_value()}) is False
        assert client.stats().dropped == {"invalid": 1}
    [drop] = drops
    assert drop.reason is DropReason.INVALID
    assert words in drop.detail
    assert "secret" not in drop.detail


@pytest.mark.skipif(not hasattr(sys, "set_int_max_str_digits"), reason="all numbers can be written")
@pytest.mark.parametrize("fields", [{"properties": {"value": 10**5000}}, {"anonymous_id": 10**5000}])
def test_a_number_that_cannot_be_written_is_refused_with_its_reason(fields: dict[str, Any]) -> None:
    drops: list[Drop] = []
    with Client("key-1", transport=MemoryTransport(), on_drop=drops.append) as client:
        assert client.track("A", user_id="1", **fields) is False
    assert "more digits than Python writes" in drops[0].detail


def test_numbers_and_moments_of_data_frames_are_sent_as_what_they_are() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    memory = MemoryTransport()
    with Client("key-1", transport=memory) as client:
        values = {"n": numpy.int64(7), "u": numpy.uint8(8), "x": numpy.float32(0.5), "y": numpy.float64(1.5)}
        with client.context(user_id=numpy.int64(5)):
            assert client.track("A", properties=values) is True
        assert client.track("A", user_id=numpy.int64(6)) is True
        assert client.track("A", user_id="1", properties={"x": numpy.float32("nan")}) is False
        assert client.track("A", user_id="1", properties={"x": numpy.zeros(3)}) is False
    first, second = memory.messages
    assert first["properties"] == {"n": 7, "u": 8, "x": 0.5, "y": 1.5}
    assert (first["userId"], second["userId"]) == ("5", "6")


def test_a_moment_that_is_none_is_refused() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    drops: list[Drop] = []
    with Client("key-1", transport=MemoryTransport(), on_drop=drops.append) as client:
        assert client.track("A", user_id="1", properties={"at": pandas.Timestamp(0, tz="UTC")}) is True
        assert client.track("A", user_id="1", properties={"at": pandas.NaT}) is False
        assert client.track("A", user_id="1", timestamp=pandas.NaT) is False
    assert [drop.detail for drop in drops] == [
        "track(): a date and time that is none cannot be sent",
        "track(): timestamp must be a datetime, not NaTType",
    ]
