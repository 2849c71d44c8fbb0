"""Profiles: what is known of one customer in numbers, and every run it made with how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from journeys.definitions import Definition, parse
from journeys.filters import Params
from journeys.outcome import number_at
from journeys.period import iso
from journeys.questions import question
from journeys.sessions import THESE, source
from journeys.traits import customer_values
from store.events import EventStore
from store.identity import Ledger
from store.journeys import JourneyVersion

MOST_RUNS = 500
OUTCOME_NUMBER = number_at(
    *("{now:Int64}", "run.outcome", "start", "last"),
    idle="{idle:Array(Int64)}[indexOf({versions:Array(UInt32)}, journey_version)]",
    window="{window:Array(Int64)}[indexOf({versions:Array(UInt32)}, journey_version)]",
)
# Orders that a browser and a server may both tell of: told again under the same id, they count once.
ORDERS = ("Order Completed", "purchase")
REFUNDS = ("Order Refunded", "refund")
# The words of Segment's and Google's shops for what is not paid, or not paid yet: their amounts do not count.
UNPAID = (
    *(
        "Products Searched",
        "Product List Viewed",
        "Product List Filtered",
        "Product Clicked",
        "Product Viewed",
    ),
    *("Product Added", "Product Removed", "Cart Viewed", "Cart Shared", "Product Shared"),
    *("Product Added to Wishlist", "Product Removed from Wishlist", "Wishlist Product Added to Cart"),
    *("Promotion Viewed", "Promotion Clicked", "Coupon Entered", "Coupon Applied", "Coupon Removed"),
    *("Checkout Started", "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered"),
    *("Order Updated", "Order Cancelled"),
    *("view_item", "view_item_list", "select_item", "add_to_cart", "remove_from_cart", "view_cart"),
    *("add_to_wishlist", "begin_checkout", "add_shipping_info", "add_payment_info"),
    *("view_promotion", "select_promotion"),
    *("generate_lead", "qualify_lead", "disqualify_lead", "working_lead", "close_unconvert_lead"),
    "Payment Failed",
)


def totals(
    events: EventStore, ledger: Ledger, project_id: int, customer: int, *, zone: str = "UTC"
) -> dict[str, Any]:
    """How many events, sessions and active days a customer has, first and last seen (ISO; None where n is 0).

    Days are those of the time zone. `kinds` and `channels` are those of the events, each with its number,
    the most first.
    """
    values = {**customer_values(ledger, project_id, customer), "zone": zone}
    params = Params(**values, customers=[customer])
    sql = question("profile.totals", sessions=source(events, params, whose=THESE))
    row, *parts = events.query(sql, params.values)
    return {
        "n": row["n"],
        "first_seen": iso(row["first_seen"]) if row["n"] else None,
        "last_seen": iso(row["last_seen"]) if row["n"] else None,
        "active_days": row["active_days"],
        "sessions": row["sessions"],
        "kinds": _counted(parts, "kind"),
        "channels": _counted(parts, "channel"),
    }


def _counted(parts: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts[part[name]] += part["n"]
    return [{"value": value, "n": n} for value, n in counts.most_common() if value]


def revenue(events: EventStore, ledger: Ledger, project_id: int, customer: int) -> list[dict[str, Any]]:
    """What a customer paid, less what it got back, one entry a currency ('' where none was named).

    A track event counts with its property `revenue`, or with `total` or `value` where it names a
    `currency`. Refunds count below nothing, in the currency of their order where they name none, events of
    UNPAID not at all, an order or a refund told twice once; robots never. `events` are the names of those
    that counted.
    """
    names = {"orders": list(ORDERS), "refunds": list(REFUNDS), "unpaid": list(UNPAID)}
    rows = events.query(
        question("profile.revenue"), {**customer_values(ledger, project_id, customer), **names}
    )
    return [
        {
            "currency": row["currency"],
            "amount": row["net"],
            "refunded": row["refunded"],
            **{name: row[name] for name in ("payments", "refunds", "events")},
        }
        for row in rows
    ]


def runs(
    events: EventStore,
    project_id: int,
    customer: int,
    versions: Sequence[JourneyVersion],
    *,
    now: int,
    start: int = 0,
    end: int = 2**62,
    most: int = MOST_RUNS,
) -> list[dict[str, Any]]:
    """The runs of a customer that touch a time (ms, both ends included), the latest begun first.

    One that is still in time has `seconds_left`: how long until it is dropped if nothing happens. Of more
    than `most` those in time are there, then those that began last.
    """
    known = {version.id: parse(version.definition) for version in versions}
    values = {
        "project": project_id,
        "customer": customer,
        "versions": list(known),
        "idle": [one.idle_timeout for one in known.values()],
        "window": [one.window or 0 for one in known.values()],
    }
    limits = {"now": now, "start": start, "end": end, "most": most}
    rows = events.query(question("profile.runs", number=OUTCOME_NUMBER), {**values, **limits})
    rows.sort(key=lambda row: (-row["start"], row["journey_version"], row["case_value"]))
    return [_run(known[row["journey_version"]], row, now) for row in rows]


def _run(definition: Definition, row: Mapping[str, Any], now: int) -> dict[str, Any]:
    outcome = definition.outcome(row["outcome"], row["start"], row["last"], now)
    step = definition.drawn.steps[row["furthest"] - 1]
    return {
        "journey": definition.key,
        "name": definition.name,
        "case": row["case_value"],
        "outcome": outcome,
        "start": iso(row["start"]),
        "last": iso(row["last"]),
        "furthest": step.name,
        "step": step.key,
        "position": row["furthest"],
        "steps": len(definition.steps),
        "since": iso(row["reached"]),
        "seconds_left": _left(definition, row, now) // 1000 if outcome == "in_time" else None,
    }


def _left(definition: Definition, row: Mapping[str, Any], now: int) -> int:
    """Milliseconds until an open run is dropped: by idleness, or because its whole time is up."""
    ends: list[int] = [row["last"] + definition.idle_timeout]
    if definition.window is not None:
        ends.append(row["start"] + definition.window)
    return max(0, min(ends) - now)
