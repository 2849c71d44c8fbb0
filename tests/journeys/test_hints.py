"""What conditions can be about is what events really had: names, values and fields, each with its share."""

from __future__ import annotations

import pytest

from journeys import hints
from journeys.definition_schema import FIELDS
from journeys.hints import Of
from store.events import EventStore
from tests.journeys.test_catalog import NOW, happened

PAID = Of("track", "Order Paid")


@pytest.fixture
def filled(events: EventStore) -> EventStore:
    rows = [
        happened("Order Paid", days=1, properties={"amount": 49, "plan": "pro", "zip": "07"}),
        happened("Order Paid", days=2, properties={"amount": 49, "plan": "free", "parts": [1], "note": None}),
        happened("Order Paid", days=3, properties={"amount": 9, "plan": "pro", "title": "", "zip": 7}),
        happened("Order Paid", days=99, properties={"old": True}),
        happened("Order Paid", days=1, properties={"robots": 1}, is_bot=True),
        happened("", days=1, kind="page", properties={"depth": 3}, path="/shop", device="mobile"),
        happened("", days=1, kind="identify", traits='{"plan": "gold"}'),
        happened("", days=1, kind="group", traits='{"seats": 7}'),
    ]
    events.insert(rows, token="hints")
    return events


def test_names_come_with_their_share_and_examples(filled: EventStore) -> None:
    rows = hints.names(filled, 1, "properties", PAID, since_ms=NOW - 30 * 86_400_000)
    assert [(row["name"], round(row["share"], 2)) for row in rows[:3]] == [
        ("amount", 1.0),
        ("plan", 1.0),
        ("zip", 0.67),
    ]
    assert rows[0]["examples"] == ["49", "9"]
    assert {"old", "robots", "depth"}.isdisjoint(row["name"] for row in rows)


@pytest.mark.parametrize(
    ("column", "of", "found"),
    [
        ("properties", Of("page"), {"depth"}),
        ("properties", Of(), {"amount", "plan", "zip", "parts", "note", "title", "old", "depth"}),
        ("traits", Of("identify"), {"plan"}),
        ("traits", Of("group"), {"seats"}),
        ("properties", Of("track", "Never"), set()),
    ],
)
def test_names_are_those_of_the_events_that_are_meant(
    filled: EventStore, column: str, of: Of, found: set[str]
) -> None:
    assert {row["name"] for row in hints.names(filled, 1, column, of)} == found
    assert hints.names(filled, 2, column, of) == []


def test_values_come_with_their_share_and_whether_they_are_texts(filled: EventStore) -> None:
    rows = hints.values(filled, 1, "properties", "zip", PAID)
    assert [(row["value"], row["is_text"]) for row in rows] == [("07", 1), ("7", 0)]
    plans = hints.values(filled, 1, "properties", "plan", PAID)
    assert [(row["value"], row["share"]) for row in plans] == [("pro", 0.5), ("free", 0.25)]
    for name in ("parts", "note", "title", "never"):
        assert hints.values(filled, 1, "properties", name, PAID) == []
    assert [row["value"] for row in hints.values(filled, 1, "traits", "seats", Of("group"))] == ["7"]


def test_all_fields_are_there_with_what_they_hold(filled: EventStore) -> None:
    rows = {row["name"]: row for row in hints.fields(filled, 1)}
    assert tuple(rows) == FIELDS
    assert (rows["device"]["examples"], rows["path"]["examples"]) == (["mobile"], ["/shop"])
    assert rows["device"]["share"] == pytest.approx(1 / 7)
    assert (rows["campaign"]["share"], rows["campaign"]["examples"]) == (0.0, [])


def test_only_columns_that_hold_what_was_sent_are_asked(filled: EventStore) -> None:
    with pytest.raises(ValueError, match="context"):
        hints.names(filled, 1, "context")
