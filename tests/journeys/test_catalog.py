"""The catalogue: which events there are, what they carry, and how they break the plan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from journeys import catalog
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.plans import compiled

NOW = 1_772_366_400_000  # 2026-03-01 12:00 UTC
DAY = 86_400_000


def happened(event: str, *, days: float = 1, kind: str = "track", **more: Any) -> Event:
    properties = more.pop("properties", {})
    number = f"{event}-{kind}-{days}-{properties}-{more}"
    return Event(
        project=1,
        event_id=event_id(number),
        message_id=number,
        type=kind,
        event=event,
        timestamp=NOW - int(days * DAY),
        received_at=NOW,
        identity=identity_hash("user", "ada"),
        properties=json.dumps(properties),
        **more,
    )


@pytest.fixture
def filled(events: EventStore) -> EventStore:
    said = json.dumps({"violations": ["amount: must be number", "plan: is missing"]})
    rows = [
        *(happened("Order Paid", days=d, properties={"amount": 10 + d, "plan": "pro"}) for d in (1, 2, 40)),
        happened("Order Paid", days=3, marks=("plan_violation",), context=said, properties={"amount": "1"}),
        happened("Order Paid", days=50, marks=("plan_violation",), context=said),
        happened("Cart Filled", days=2),
        happened("Old News", days=90),
        happened("Robot Came", is_bot=True),
        happened("", kind="page", days=6),
        happened("Of Others", days=1),
        happened("", kind="identify", days=1, traits=json.dumps({"email": "ada@example.com"})),
    ]
    events.insert([*rows[:-2], rows[-1]], token="rows")
    return events


def test_every_event_is_listed_with_when_and_how_often(filled: EventStore) -> None:
    rows = catalog.listed(filled, 1, ["Order Paid"], now=NOW)
    shown = [(one["label"], one["n"], one["violations"], one["status"], one["is_new"]) for one in rows]
    assert shown == [
        ("Order Paid", 3, 1, "planned", False),
        ("(identify)", 1, 0, "", True),
        ("Cart Filled", 1, 0, "unplanned", True),
        ("(page)", 1, 0, "", True),
        ("Old News", 0, 0, "unplanned", False),
    ]
    assert (rows[0]["first_seen"], rows[0]["last_seen"]) == (
        "2026-01-10T12:00:00.000Z",
        "2026-02-28T12:00:00.000Z",
    )
    assert {one["status"] for one in catalog.listed(filled, 1, [], now=NOW)} == {""}
    assert catalog.listed(filled, 2, [], now=NOW) == []


def test_properties_say_how_often_of_which_type_and_with_which_values(filled: EventStore) -> None:
    rows = catalog.properties(filled, 1, "Order Paid", since_ms=NOW - 45 * DAY)
    assert [(one["name"], one["n"], one["sampled"], one["types"]) for one in rows] == [
        ("amount", 4, 4, ["integer", "string"]),
        ("plan", 3, 4, ["string"]),
    ]
    assert rows[1]["share"] == 0.75
    assert rows[1]["examples"] == ["pro"]
    assert rows[1]["distinct_values"] == 1
    assert rows[1]["first_seen"] == "2026-01-20T12:00:00.000Z"
    assert rows[0]["last_seen"] == "2026-02-28T12:00:00.000Z"


@pytest.mark.parametrize(
    ("value", "kind", "example"),
    [
        ("text", "string", "text"),
        ('ä "quoted"\n', "string", 'ä "quoted"\n'),
        ("", "string", ""),
        ("漢" * 100, "string", "漢" * 80),
        (5, "integer", "5"),
        (-5, "integer", "-5"),
        (2**62, "integer", str(2**62)),
        (1.5, "number", "1.5"),
        (True, "boolean", "true"),
        (None, "null", "null"),
        ([1, "a"], "array", '[1,"a"]'),
        ({"a": {"b": 1}}, "object", '{"a":{"b":1}}'),
    ],
)
def test_a_value_has_its_type_and_is_shown_cut(
    events: EventStore, value: object, kind: str, example: str
) -> None:
    row = happened("Seen")
    properties = json.dumps({"p": value}, separators=(",", ":"), ensure_ascii=False)
    events.insert([type(row)(**{**_fields(row), "properties": properties})], token="one")
    (found,) = catalog.properties(events, 1, "Seen")
    assert (found["types"], found["examples"]) == ([kind], [example])


def _fields(row: Event) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_traits_are_listed_for_events_about_people(filled: EventStore) -> None:
    (row,) = catalog.properties(filled, 1, "", kind="identify")
    assert (row["name"], row["examples"]) == ("email", ["ada@example.com"])


def test_the_sample_is_bounded(filled: EventStore) -> None:
    rows = catalog.properties(filled, 1, "Order Paid", rows=2)
    assert {one["sampled"] for one in rows} == {2}


def test_violations_are_counted_by_what_was_said(filled: EventStore) -> None:
    rows = catalog.violations(filled, 1, "Order Paid", now=NOW)
    assert [(one["text"], one["n"]) for one in rows] == [
        ("amount: must be number", 1),
        ("plan: is missing", 1),
    ]
    assert rows[0]["last_seen"] == "2026-02-26T12:00:00.000Z"
    assert catalog.violations(filled, 1, "Cart Filled", now=NOW) == []


def test_a_drafted_schema_takes_what_was_seen(events: EventStore) -> None:
    given = [{"a": 1, "b": "x"}, {"a": 1.5, "b": None, "c": [1]}]
    events.insert([happened("Seen", properties=one) for one in given], token="seen")
    schema = catalog.drafted(catalog.properties(events, 1, "Seen"))
    assert schema == {
        "type": "object",
        "properties": {
            "a": {"type": "number"},
            "b": {"type": ["null", "string"]},
            "c": {"type": "array"},
        },
        "required": ["a", "b"],
    }
    check = compiled(schema)
    assert all(check.is_valid(one) for one in given)
    assert catalog.drafted([]) == {"type": "object", "properties": {}}
