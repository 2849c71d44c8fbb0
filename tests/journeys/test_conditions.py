"""Conditions in SQL mean what a person means by them, one line a case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from journeys import filters, known, resolution
from journeys.definitions import DefinitionError, parse
from store.event import Event, event_id
from store.events import EventStore

CARRIES = {
    "plan": "pro",
    "amount": 12.5,
    "count": "3",
    "trial": True,
    "note": None,
    "quote": 'it\'s \\ "so"',
    "tags": ["a", "b"],
    "名": "値",
    "drop table": "x",
}


def condition(property_name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"property": property_name, "op": op, **({} if value is None else {"value": value})}


def matches(events: EventStore, matcher: dict[str, Any], **fields: Any) -> bool:
    definition = parse(
        {
            "key": "j",
            "name": "J",
            "steps": [
                {"key": "a", "name": "A", "match": [matcher]},
                {"key": "b", "name": "B", "match": [{"event": "Never"}]},
            ],
        }
    )
    row = {
        "project": 1,
        "event_id": event_id("1"),
        "message_id": "1",
        "type": "track",
        "event": "E",
        "timestamp": 1,
        "received_at": 1,
        "properties": json.dumps(CARRIES),
        **fields,
    }
    events.insert([Event(**row)], token="t")
    params = filters.Params(project=1)
    mask, relevant = filters.mask(definition, params), filters.relevant([definition], params)
    source = known.knowing(resolution.VIEW, known.traits_in(definition), params, relevant=relevant)
    sql = f"select {mask} as mask from {source} where {relevant}"
    rows = events.query(sql, params.values)
    return bool(rows and rows[0]["mask"] == 1)


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        (condition("plan", "eq", "pro"), True),
        (condition("plan", "eq", "PRO"), False),
        (condition("plan", "ne", "pro"), False),
        (condition("plan", "in", ["free", "pro"]), True),
        (condition("plan", "not_in", ["free", "pro"]), False),
        (condition("plan", "contains", "r"), True),
        (condition("plan", "not_contains", "r"), False),
        (condition("plan", "starts_with", "pr"), True),
        (condition("plan", "ends_with", "ro"), True),
        (condition("plan", "matches", "^p.o$"), True),
        (condition("plan", "gt", 0), False),
        (condition("amount", "gt", 12), True),
        (condition("amount", "gt", 12.5), False),
        (condition("amount", "gte", 12.5), True),
        (condition("amount", "lt", 13), True),
        (condition("amount", "lte", 12), False),
        (condition("amount", "eq", 12.5), True),
        (condition("count", "eq", 3), True),
        (condition("count", "eq", "3"), True),
        (condition("count", "gt", 2), True),
        (condition("trial", "eq", True), True),
        (condition("trial", "eq", False), False),
        (condition("note", "is_set"), False),
        (condition("note", "is_not_set"), True),
        (condition("absent", "is_set"), False),
        (condition("absent", "eq", ""), True),
        (condition("absent", "ne", "x"), True),
        (condition("absent", "not_in", ["x"]), True),
        (condition("absent", "gt", -1), False),
        (condition("absent", "contains", "x"), False),
        (condition("quote", "eq", 'it\'s \\ "so"'), True),
        (condition("tags", "contains", "a"), True),
        (condition("名", "eq", "値"), True),
        (condition("drop table", "eq", "x"), True),
        (condition("plan", "eq", "' or 1 = 1 --"), False),
    ],
)
def test_a_condition_on_a_property(events: EventStore, one: dict[str, Any], holds: bool) -> None:
    assert matches(events, {"event": "E", "where": [one]}) is holds


@pytest.mark.parametrize(
    ("matcher", "fields", "holds"),
    [
        ({"event": "E"}, {}, True),
        ({"event": "E"}, {"type": "screen"}, False),
        ({"page": "/pricing"}, {"type": "page", "event": "", "path": "/pricing"}, True),
        ({"page": "/pricing"}, {"type": "page", "event": "", "path": "/pricing/x"}, False),
        ({"page": "/pricing*"}, {"type": "page", "event": "", "path": "/pricing/x"}, True),
        ({"page": "/order/:id"}, {"type": "page", "event": "", "path": "/order/1042"}, True),
        ({"page": "/order/:id"}, {"type": "page", "event": "", "path": "/order/new"}, False),
        ({"page": "/order/:id/*"}, {"type": "page", "event": "", "path": "/order/1042/items/3"}, True),
        ({"page": "/a_b*"}, {"type": "page", "event": "", "path": "/aXb"}, False),
        ({"page": "/100%*"}, {"type": "page", "event": "", "path": "/100%/x"}, True),
        ({"type": "identify"}, {"type": "identify", "event": ""}, True),
        (
            {"event": "E", "where": [{"field": "device", "op": "eq", "value": "mobile"}]},
            {"device": "mobile"},
            True,
        ),
        (
            {"event": "E", "where": [{"field": "device", "op": "eq", "value": "mobile"}]},
            {"device": "desktop"},
            False,
        ),
        (
            {"event": "E", "where": [{"trait": "tier", "op": "eq", "value": 2}]},
            {"traits": '{"tier":2}'},
            True,
        ),
    ],
)
def test_a_matcher(events: EventStore, matcher: dict[str, Any], fields: dict[str, Any], holds: bool) -> None:
    assert matches(events, matcher, **fields) is holds


def step(key: str, **changes: Any) -> dict[str, Any]:
    return {"key": key, "name": key, "match": [{"event": "E"}], **changes}


GOOD = {"key": "j", "name": "J", "steps": [step("a"), step("b")]}


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        ({"steps": []}, "steps", "a journey has 2 to 30 steps"),
        ({"steps": [step("a"), step("a")]}, "steps", "used twice"),
        ({"steps": [step("a"), step("b", optional=True)]}, "steps", "goal cannot be optional"),
        ({"steps": [step("a", within="1h"), step("b")]}, "steps", "no step before it"),
        ({"steps": [step("a"), step("b", within="soon")]}, "steps.1.within", "90s, 30m, 12h"),
        ({"idle_timeout": "0d"}, "idle_timeout", "90s, 30m"),
        ({"key": "No Spaces"}, "key", "small letters"),
        ({"colour": "red"}, "colour", "Unknown field"),
        ({"steps": [step("a", match=[{}]), step("b")]}, "steps.0.match.0.event", "exactly one"),
        (
            {
                "steps": [
                    step("a", match=[{"event": "E", "where": [{"property": "x", "op": "like"}]}]),
                    step("b"),
                ]
            },
            "steps.0.match.0.where.0.op",
            "Must be one of",
        ),
        (
            {"fail_on": [{"event": "E", "where": [{"property": "x", "op": "gt", "value": "many"}]}]},
            "fail_on.0.where.0.value",
            "give a number",
        ),
        (
            {"fail_on": [{"event": "E", "where": [{"property": "x", "op": "matches", "value": "("}]}]},
            "fail_on.0.where.0.value",
            "not a regular expression",
        ),
        (
            {"fail_on": [{"event": "E", "where": [{"property": "x", "op": "matches", "value": "(?=a)"}]}]},
            "fail_on.0.where.0.value",
            "look-ahead",
        ),
    ],
)
def test_a_wrong_definition_names_the_place_and_the_cure(
    change: dict[str, Any], place: str, says: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse({**GOOD, **change})
    assert says in caught.value.problems[place]
