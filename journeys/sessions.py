"""Sessions: a customer's touchpoints with no idle gap, worked out from events whenever they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeys.questions import question
from store.events import EventStore

IDLE_MS = 30 * 60 * 1000
CAP_MS = 24 * 3600 * 1000


def sessions(
    events: EventStore,
    project_id: int,
    *,
    customers: Sequence[int] | None = None,
    identities: Sequence[int] = (),
    idle: int = IDLE_MS,
    cap: int = CAP_MS,
) -> list[dict[str, Any]]:
    """Sessions of these customers (all of the project where None), by customer and start.

    `identities` are all identities whose events may belong to the customers. Times in milliseconds;
    `members` are the event ids in hex; entry, exit, channel and so on are '' where nothing tells.
    """
    values: dict[str, Any] = {"project": project_id, "idle": idle, "cap": cap}
    whose = "1"
    if customers is not None:
        whose = "identity in {identities:Array(UInt64)} and customer in {customers:Array(UInt64)}"
        values |= {"customers": list(customers), "identities": list(identities)}
    return events.query(question("sessions.listed", whose=whose), values)
