"""A profile says what is known of a customer: traits and their history, revenue, days, runs as they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from journeys import profile
from journeys import traits as traits_of
from journeys.definitions import parse
from journeys.runs import recompute
from journeys.traits import history, traits
from store.event import Event, event_id, identity_hash
from store.events import EventStore
from store.identity import Identity, Ledger, Link
from store.journeys import live_journeys, make_live, save_version
from store.projects import create_project

START = 1_760_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ANNA = identity_hash("user", "anna")


def event(number: int, at: int, kind: str = "identify", *, browser: str = "", **more: Any) -> Event:
    """An event of Anna's, or of a browser; `traits` and `properties` as dictionaries."""
    who = ("anonymous", browser) if browser else ("user", "anna")
    for name in ("traits", "properties"):
        more[name] = json.dumps(more.get(name, {}), separators=(",", ":"))
    return Event(
        **{
            "project": 1,
            "event_id": event_id(str(number)),
            "message_id": str(number),
            "type": kind,
            "timestamp": START + at,
            "received_at": START + at,
            "user_id": "" if browser else "anna",
            "anonymous_id": browser,
            "identity": identity_hash(*who),
            "side": "browser",
            **more,
        }
    )


def paid(number: int, name: str, properties: dict[str, Any], **more: Any) -> Event:
    return event(number, number * MINUTE, "track", event=name, properties=properties, **more)


def refund(**more: Any) -> tuple[str, dict[str, Any]]:
    return "refund", {"value": 3, "currency": "USD", **more}


@pytest.fixture
def ledger(engine: Engine, events: EventStore) -> Ledger:
    create_project(engine, key="p", name="P", now=0)
    return Ledger(engine, events)


def joined(ledger: Ledger, browser: str) -> None:
    link = Link(Identity("anonymous", browser), Identity("user", "anna"), "identify", "e", START)
    ledger.join(1, [link])


TOLD = [
    (1, 0, {"plan": "trial", "city": "Rome"}),
    (2, 2 * HOUR, {"plan": "pro"}),
    (3, 3 * HOUR, {"plan": "pro", "seats": 5}),
    (4, 4 * HOUR, {"plan": "team", "city": None}),
]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (None, {"plan": "team", "seats": 5}),
        (START - 1, {}),
        (START, {"plan": "trial", "city": "Rome"}),
        (START + 2 * HOUR - 1, {"plan": "trial", "city": "Rome"}),
        (START + 2 * HOUR, {"plan": "pro", "city": "Rome"}),
        (START + 3 * HOUR, {"plan": "pro", "city": "Rome", "seats": 5}),
        (START + 4 * HOUR, {"plan": "team", "seats": 5}),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_traits_are_those_last_told_by_then_in_whatever_order_they_arrived(
    events: EventStore, ledger: Ledger, at: int | None, expected: dict[str, Any], order: int
) -> None:
    for number, after, told in TOLD[::order]:
        events.insert([event(number, after, traits=told)], token=str(number))
    assert traits(events, ledger, 1, ANNA, at=at) == expected


def test_the_history_of_a_trait_has_only_its_changes_each_with_its_event(
    events: EventStore, ledger: Ledger
) -> None:
    events.insert([event(number, at, traits=told) for number, at, told in TOLD], token="t")
    found = {trait["name"]: trait for trait in history(events, ledger, 1, ANNA)}
    assert sorted(found) == ["city", "plan", "seats"]
    plan = found["plan"]
    assert (plan["value"], plan["changes"], plan["event"]["id"]) == ("team", 3, event_id("4").hex())
    assert [(one["value"], one["event"]["id"]) for one in plan["former"]] == [
        ("pro", event_id("2").hex()),
        ("trial", event_id("1").hex()),
    ]
    assert plan["former"][0]["until"] == plan["at"]
    assert found["city"]["value"] is None
    assert [one["value"] for one in found["city"]["former"]] == ["Rome"]


def test_the_value_now_is_there_however_long_the_history_which_is_cut_from_its_old_end(
    events: EventStore, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traits_of, "MOST_VALUES", 5)
    rows = [event(n, n, traits={"a": n, "b": n // 2}) for n in range(1, 9)]
    rows += [event(20, 20, traits={"z": "last"}), event(21, -DAY, traits={"old": 1})]
    events.insert(rows, token="t")
    found = {trait["name"]: trait for trait in history(events, ledger, 1, ANNA)}
    assert {name: trait["value"] for name, trait in found.items()} == {"a": 8, "b": 4, "old": 1, "z": "last"}
    assert [one["value"] for one in found["a"]["former"]] == [7]
    assert (found["a"]["changes"], found["b"]["changes"], found["b"]["former"]) == (8, 5, [])
    assert list(found) == sorted(found)
    monkeypatch.setattr(traits_of, "MOST_VALUES", 2)
    assert traits(events, ledger, 1, ANNA) == {"a": 8, "z": "last"}


def test_at_one_moment_the_greater_sequence_and_then_the_greater_event_id_wins(
    events: EventStore, ledger: Ledger
) -> None:
    low, high = sorted((event_id("8"), event_id("9")))
    rows = [
        event(1, 0, sequence=2, traits={"a": "later in the browser"}),
        event(2, 0, sequence=1, traits={"a": "earlier in the browser"}),
        event(3, 0, event_id=low, traits={"b": "low"}),
        event(4, 0, event_id=high, traits={"b": "high"}),
    ]
    events.insert(rows, token="t")
    assert traits(events, ledger, 1, ANNA) == {"a": "later in the browser", "b": "high"}
    assert {one["name"]: one["value"] for one in history(events, ledger, 1, ANNA)} == {
        "a": "later in the browser",
        "b": "high",
    }


def test_traits_come_from_all_identities_and_other_events_but_never_from_the_account(
    events: EventStore, ledger: Ledger
) -> None:
    rows = [
        event(1, 0, browser="b", traits={"language": "it"}),
        event(2, 1, "track", event="Bought", traits={"vip": True}),
        event(3, 2, "group", group_id="acme", traits={"name": "Acme"}),
    ]
    events.insert(rows, token="t")
    assert traits(events, ledger, 1, ANNA) == {"vip": True}
    joined(ledger, "b")
    assert traits(events, ledger, 1, ANNA) == {"language": "it", "vip": True}
    ledger.unmerge(1, ANNA, identity_hash("anonymous", "b"), now=START)
    assert traits(events, ledger, 1, ANNA) == {"vip": True}


def test_values_of_any_kind_are_kept_as_they_were_told(events: EventStore, ledger: Ledger) -> None:
    told = {"n": 1.5, "yes": True, "list": [1, "a"], "inner": {"x": None}, 'quote"d': 'sa"id', "é": "ü\n"}
    events.insert([event(1, 0, traits=told)], token="t")
    assert traits(events, ledger, 1, ANNA) == told


def test_days_are_those_of_the_projects_time_zone(events: EventStore, ledger: Ledger) -> None:
    midnight = 1_760_054_400_000 - START  # 2025-10-10 00:00 UTC
    rows = [event(1, midnight - HOUR, "page", path="/"), event(2, midnight + HOUR, "page", path="/")]
    events.insert(rows, token="t")
    assert profile.totals(events, ledger, 1, ANNA)["active_days"] == 2
    found = profile.totals(events, ledger, 1, ANNA, zone="America/New_York")
    assert found == {
        "n": 2,
        "first_seen": "2025-10-09T23:00:00.000Z",
        "last_seen": "2025-10-10T01:00:00.000Z",
        "active_days": 1,
        "sessions": 2,
        "kinds": [{"value": "page", "n": 2}],
        "channels": [],
    }
    assert profile.totals(events, ledger, 1, 4711) == {
        "n": 0,
        "first_seen": None,
        "last_seen": None,
        "active_days": 0,
        "sessions": 0,
        "kinds": [],
        "channels": [],
    }


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([("Paid", {"revenue": 12.5, "currency": "eur"})], {"EUR": 12.5}),
        ([("Paid", {"revenue": "12.50"})], {"": 12.5}),
        ([("Paid", {"total": 10, "currency": "USD"})], {"USD": 10}),
        ([("Paid", {"value": 10, "currency": "USD"})], {"USD": 10}),
        ([("Paid", {"revenue": 8, "total": 10, "value": 9, "currency": "USD"})], {"USD": 8}),
        ([("Video Played", {"value": 10})], {}),
        ([("Paid", {"revenue": "much", "currency": "USD"})], {}),
        ([("Paid", {"revenue": True})], {}),
        ([("Paid", {"price": 10, "currency": "USD"})], {}),
        ([("Checkout Started", {"revenue": 10, "currency": "USD"})], {}),
        ([("add_to_cart", {"value": 10, "currency": "USD"})], {}),
        ([("Order Completed", {"total": 10, "currency": "USD", "order_id": "o1"})] * 2, {"USD": 10}),
        ([("Paid", {"revenue": 10, "currency": "USD", "order_id": "o1"})] * 2, {"USD": 20}),
        ([("Order Completed", {"total": 10, "currency": "USD"})] * 2, {"USD": 20}),
        (
            [
                ("Order Completed", {"total": 10, "currency": "USD", "order_id": 1}),
                ("Order Completed", {"total": 10, "currency": "USD", "order_id": 2}),
            ],
            {"USD": 20},
        ),
        (
            [
                ("Order Completed", {"total": 10, "currency": "USD", "order_id": "o1"}),
                ("Order Refunded", {"total": 3, "currency": "USD", "order_id": "o1"}),
                ("Order Refunded", {"total": -2, "currency": "USD", "order_id": "o1"}),
            ],
            {"USD": 5},
        ),
        ([("Order Refunded", {"total": 3, "currency": "USD"})], {"USD": -3}),
        (
            [("Paid", {"revenue": 1, "currency": "USD"}), ("Paid", {"revenue": 2, "currency": "EUR"})],
            {"USD": 1, "EUR": 2},
        ),
        ([("Paid", {"revenue": 0.1})] * 3, {"": 0.3}),
        ([("generate_lead", {"value": 500, "currency": "EUR"})], {}),
        ([("Payment Failed", {"value": 99, "currency": "GBP"})], {}),
        (
            [
                ("Order Completed", {"total": 10, "currency": "USD", "order_id": "o1"}),
                ("purchase", {"value": 10, "currency": "USD", "transaction_id": "o1"}),
            ],
            {"USD": 10},
        ),
        (
            [
                ("Order Completed", {"total": 10, "currency": "USD", "order_id": "o1"}),
                ("Order Refunded", {"total": 3, "currency": "USD", "order_id": "o1"}),
                ("refund", {"value": "-3.00", "currency": "USD", "transaction_id": "o1"}),
            ],
            {"USD": 7},
        ),
        (
            [
                ("Order Completed", {"total": 10, "currency": "USD", "order_id": "o1"}),
                ("refund", {"value": 3, "currency": "USD", "transaction_id": "o1", "refund_id": "r1"}),
                ("refund", {"value": 3, "currency": "USD", "transaction_id": "o1", "refund_id": "r2"}),
                ("refund", {"value": 3, "currency": "USD", "refund_id": "r2"}),
            ],
            {"USD": 4},
        ),
        ([("refund", {"value": 3, "currency": "USD"})] * 2, {"USD": -6}),
        *(
            (
                [("Order Completed", {"total": 10, "currency": "USD", "order_id": "o1"}), *several],
                {"USD": left},
            )
            for left, several in [
                (7, [refund(order_id="o1"), refund(order_id="o1", refund_id="r1")]),
                (7, [refund(order_id="o1", refund_id="r1"), refund()]),
                (7, [refund(), refund(order_id="o1")]),
                (7, [refund(refund_id="r1"), refund(order_id="o1")]),
                (7, [refund(refund_id="r1", currency=""), refund(order_id="o1"), refund()]),
                (4, [refund(order_id="o1"), *(refund(order_id="o1", refund_id=one) for one in ("r1", "r2"))]),
                (4, [refund(order_id="o1"), refund(order_id="o2", refund_id="r1")]),
                (5, [refund(order_id="o1", refund_id="r1"), refund(value=2)]),
            ]
        ),
        ([refund(refund_id="r1"), refund(currency="EUR")], {"USD": -3, "EUR": -3}),
        (
            [
                ("Order Completed", {"total": 10, "currency": "USD", "order_id": "o1"}),
                ("Order Completed", {"total": 20, "currency": "EUR", "order_id": "o2"}),
                ("Order Refunded", {"total": 3, "order_id": "o2"}),
            ],
            {"USD": 10, "EUR": 17},
        ),
        (
            [
                ("Paid", {"revenue": 10, "currency": "USD"}),
                ("Order Refunded", {"total": 3, "order_id": "o9"}),
            ],
            {"USD": 7},
        ),
        (
            [
                ("Paid", {"revenue": 10, "currency": "USD"}),
                ("Paid", {"revenue": 10, "currency": "EUR"}),
                ("Order Refunded", {"value": 3}),
            ],
            {"USD": 10, "EUR": 10, "": -3},
        ),
        ([("Order Refunded", {"order_id": "o1"})], {}),
        *(
            ([("Paid", {"revenue": text})], expected)
            for text, expected in [
                ("1,200.50", {"": 1200.5}),
                ("1.200,50", {"": 1200.5}),
                ("1200,5", {"": 1200.5}),
                ("1,200", {"": 1200}),
                ("1.200", {"": 1.2}),
                ("1,234,567", {"": 1234567}),
                ("1.234.567", {"": 1234567}),
                ("1 200,50 €", {"": 1200.5}),
                ("$1,200.50", {"": 1200.5}),
                ("1\u00a0200.50", {"": 1200.5}),
                ("1’200.50", {"": 1200.5}),
                ("-1,200.50", {"": -1200.5}),
                ("12,34,56", {}),
                ("1,2,3.4.5", {}),
                ("12 items", {}),
                ("", {}),
            ]
        ),
    ],
)
def test_revenue_is_what_events_carry_less_refunds_by_currency(
    events: EventStore, ledger: Ledger, told: list[tuple[str, dict[str, Any]]], expected: dict[str, float]
) -> None:
    events.insert([paid(n, name, properties) for n, (name, properties) in enumerate(told)], token="t")
    found = profile.revenue(events, ledger, 1, ANNA)
    assert {one["currency"]: one["amount"] for one in found} == expected


@pytest.mark.parametrize(("hours", "refunded"), [(24, 3), (25, 6)])
def test_a_refund_without_ids_repeats_one_with_them_for_a_day(
    events: EventStore, ledger: Ledger, hours: int, refunded: float
) -> None:
    name, properties = refund()
    later = event(2, MINUTE + hours * HOUR, "track", event=name, properties=properties)
    events.insert([paid(1, *refund(refund_id="r1")), later], token="t")
    assert profile.revenue(events, ledger, 1, ANNA)[0]["refunded"] == refunded


def test_revenue_says_which_events_counted_and_leaves_robots_out(events: EventStore, ledger: Ledger) -> None:
    rows = [
        paid(1, "Order Completed", {"total": 10, "currency": "USD"}),
        paid(2, "Invoice Paid", {"revenue": 5, "currency": "USD"}),
        paid(3, "Order Refunded", {"total": 4, "currency": "USD"}),
        paid(4, "Invoice Paid", {"revenue": 99, "currency": "USD"}, is_bot=True),
    ]
    events.insert(rows, token="t")
    assert profile.revenue(events, ledger, 1, ANNA) == [
        {
            "currency": "USD",
            "amount": 11,
            "refunded": 4,
            "payments": 2,
            "refunds": 1,
            "events": ["Invoice Paid", "Order Completed", "Order Refunded"],
        }
    ]


def test_a_currency_is_found_also_when_the_refund_is_told_before_the_order(
    events: EventStore, ledger: Ledger
) -> None:
    rows = [
        paid(1, "Order Refunded", {"total": 3, "order_id": "o1"}),
        paid(2, "Order Completed", {"total": "1,000.00", "currency": "USD", "order_id": "o1"}),
        paid(3, "Paid", {"revenue": 5, "currency": "EUR"}),
    ]
    events.insert(rows, token="t")
    found = {one["currency"]: one for one in profile.revenue(events, ledger, 1, ANNA)}
    assert (found["USD"]["amount"], found["USD"]["refunds"], found["EUR"]["amount"]) == (997, 1, 5)


JOURNEY = {
    "key": "buy",
    "name": "Buys",
    "idle_timeout": "2d",
    "case_key": "order",
    "steps": [
        {"key": "cart", "name": "Cart", "match": [{"event": "Cart"}]},
        {"key": "address", "name": "Address", "match": [{"event": "Address"}]},
        {"key": "paid", "name": "Pays", "match": [{"event": "Paid"}]},
    ],
}


@pytest.mark.parametrize(
    ("window", "now", "outcome", "left"),
    [
        ("3d", START + HOUR, "in_time", 2 * DAY),
        ("3d", START + 2 * DAY, "in_time", HOUR),
        ("3d", START + 2 * DAY + HOUR, "in_time", 0),
        ("3d", START + 2 * DAY + HOUR + 1, "dropped", None),
        ("30h", START + DAY, "in_time", 6 * HOUR),
        ("30h", START + 31 * HOUR, "dropped", None),
    ],
)
def test_a_run_under_way_says_where_it_stands_and_how_long_it_has_left(
    engine: Engine, events: EventStore, ledger: Ledger, window: str, now: int, outcome: str, left: int | None
) -> None:
    rows = [
        event(1, 0, "track", event="Cart", properties={"order": "o1"}),
        event(2, HOUR, "track", event="Address", properties={"order": "o1"}),
        event(3, -DAY, "track", event="Cart", properties={"order": "o0"}),
        event(4, -DAY + 1, "track", event="Address", properties={"order": "o0"}),
        event(5, -DAY + 2, "track", event="Paid", properties={"order": "o0"}),
    ]
    events.insert(rows, token="t")
    version = save_version(
        engine, 1, dict(parse({**JOURNEY, "window": window}).source), by="the test", now=START
    )
    recompute(events, version, [ANNA], [ANNA])
    make_live(engine, version, now=START)
    found = profile.runs(events, 1, ANNA, live_journeys(engine, 1), now=now)
    assert [(one["case"], one["outcome"]) for one in found] == [("o1", outcome), ("o0", "succeeded")]
    first = found[0]
    assert (first["furthest"], first["position"], first["steps"]) == ("Address", 2, 3)
    assert first["since"] == first["last"]
    assert first["seconds_left"] == (None if left is None else left // 1000)
    assert found[1]["seconds_left"] is None


def test_a_run_that_is_still_in_time_is_told_of_however_many_began_later(
    engine: Engine, events: EventStore, ledger: Ledger
) -> None:
    names = ("Cart", "Address", "Paid")
    rows = [event(0, 0, "track", event="Cart", properties={"order": "first"})]
    for order in range(1, 10):
        rows += [
            event(3 * order + k, order * MINUTE + k, "track", event=name, properties={"order": f"o{order}"})
            for k, name in enumerate(names)
        ]
    events.insert(rows, token="t")
    version = save_version(engine, 1, dict(parse(JOURNEY).source), by="the test", now=START)
    recompute(events, version, [ANNA], [ANNA])
    make_live(engine, version, now=START)

    def told(now: int) -> list[str]:
        found = profile.runs(events, 1, ANNA, live_journeys(engine, 1), now=now, most=4)
        return [one["case"] for one in found]

    assert told(START + DAY) == ["o9", "o8", "o7", "first"]
    assert told(START + 3 * DAY) == ["o9", "o8", "o7", "o6"], "nothing is in time any more"
