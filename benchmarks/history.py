"""A history of any size, made inside the event store: customers, a device that many share, one journey."""

from __future__ import annotations

from typing import Any

from benchmarks.questions import question
from journeys.definitions import Definition, parse
from store.events import EventStore

NAMES = (
    *("Product Viewed", "Cart Filled", "Coupon Used", "Checkout Started", "Payment Entered", "Order Paid"),
    "Order Cancelled",
)
PROJECT = 1
DAY = 86_400_000
DAYS = 90
EVENTS_PER_CUSTOMER = 20
RELEVANT = 0.2
EVENTS_PER_ATTEMPT = 2.0
SLICE = 10_000_000  # events in one statement
DEVICE = 100_000  # touchpoints of one device that many people share; of small histories one in so many events
ONE_IN = 20
JOURNEY: dict[str, Any] = {
    "key": "order",
    "name": "Order",
    "goal": "A visitor pays an order",
    "steps": [
        {"key": "view", "name": "Views a product", "match": [{"event": NAMES[0]}]},
        {"key": "cart", "name": "Fills the cart", "match": [{"event": NAMES[1]}]},
        {"key": "coupon", "name": "Uses a coupon", "optional": True, "match": [{"event": NAMES[2]}]},
        {"key": "checkout", "name": "Goes to the checkout", "match": [{"event": NAMES[3]}]},
        {"key": "payment", "name": "Enters payment", "within": "7d", "match": [{"event": NAMES[4]}]},
        {
            "key": "paid",
            "name": "Pays",
            "match": [{"event": NAMES[5], "where": [{"property": "amount", "op": "gt", "value": 0}]}],
        },
    ],
    "fail_on": [{"event": NAMES[6]}],
    "idle_timeout": "14d",
}


def definition() -> Definition:
    """The journey that a fifth of the events belong to."""
    return parse(JOURNEY)


def write(events: EventStore, count: int, *, end: int) -> dict[str, Any]:
    """Write about `count` events of the ninety days before `end` (ms); returns what there is then."""
    start = end - DAYS * DAY
    values = {
        "project": PROJECT,
        "customers": max(1_000, count // EVENTS_PER_CUSTOMER),
        "names": list(NAMES),
        "start": start,
        "length": (DAYS - 2) * DAY,
    }
    for first in range(0, count, SLICE):
        some = min(SLICE, count - first)
        attempts = int(some * RELEVANT / EVENTS_PER_ATTEMPT)
        visits = some - int(some * RELEVANT)
        events.command(question("history.attempts"), values | {"first": first, "attempts": attempts})
        events.command(question("history.visits"), values | {"first": first, "visits": visits})
    device = {"touchpoints": min(DEVICE, count // ONE_IN)}
    events.command(question("history.device"), values | device)
    events.command(question("history.merges"), values)
    events.command("optimize table events final")
    return events.query(question("history.size"), values)[0]
