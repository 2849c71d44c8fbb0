"""Finds customers by any id or trait."""

from __future__ import annotations

from typing import Any

from journeys.period import iso
from journeys.questions import question
from store.event import identity_hash
from store.events import EventStore
from store.identities import Ledger

RECENT_MS = 7 * 24 * 3600 * 1000


def search(
    events: EventStore, ledger: Ledger, project_id: int, text: str, *, now: int, most: int = 50
) -> list[dict[str, Any]]:
    """Customers with this id (or its start, where the ledger knows it) or a trait that contains it.

    Without a text: those of the last seven days, the latest seen first. `n` counts the events that matched.
    """
    text = text.strip()
    hashes = [identity_hash(kind, text) for kind in ("user", "anonymous")] if text else []
    hashes += [row["identity"] for row in ledger.find(project_id, text)] if text else []
    values = {
        "project": project_id,
        "identities": hashes,
        "text": text,
        "since": now - RECENT_MS,
        "most": most,
    }
    rows = events.query(question("customers.search"), values)
    ids = names_of(events, ledger, project_id, [row["customer"] for row in rows])
    return [
        {
            "customer": str(row["customer"]),
            "n": row["n"],
            "last_seen": iso(row["last_seen"]),
            "identities": ids.get(row["customer"], []),
        }
        for row in rows
    ]


def names_of(
    events: EventStore, ledger: Ledger, project_id: int, customers: list[int]
) -> dict[int, list[dict[str, str]]]:
    """For each customer the ids it is known by, user ids first."""
    identities = ledger.identities_of(project_id, customers)
    values = {"project": project_id, "identities": identities, "customers": customers}
    found: dict[int, list[dict[str, str]]] = {}
    for row in events.query(question("customers.names"), values):
        found.setdefault(row["customer"], []).append({"kind": row["kind"], "value": row["value"]})
    return found
