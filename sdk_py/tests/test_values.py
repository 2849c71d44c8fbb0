"""Which values can be sent, and what becomes of them."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
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
        (lambda: timedelta(seconds=1), "type timedelta"),
        (lambda: 1j, "type complex"),
        (lambda: iter([1]), "iterator"),
        (lambda: float("nan"), "not a finite number"),
        (lambda: float("inf"), "not a finite number"),
        (lambda: Decimal("NaN"), "not a finite number"),
        (lambda: Decimal("1e400"), "not a finite number"),
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
