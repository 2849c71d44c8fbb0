"""Finds customers by any id or trait."""

from __future__ import annotations

from typing import Any

from journeys.period import iso
from journeys.questions import question
from journeys.resolution import resolved_now
from store.event import identity_hash
from store.events import EventStore
from store.identity import Ledger

RECENT_MS = 7 * 24 * 3600 * 1000


def search(
    events: EventStore, ledger: Ledger, project_id: int, text: str, *, now: int, most: int = 50
) -> list[dict[str, Any]]:
    """Customers with this id (or its start, where the ledger knows it) or a trait that contains it.

    Without a text: those of the last seven days. The latest seen come first; `n` counts all their events.
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
    found = [
        row["customer"] for row in events.query(question("customers.search", resolved=resolved_now()), values)
    ]
    return sorted(
        _described(events, ledger, project_id, found), key=lambda one: one["last_seen"], reverse=True
    )


def _described(
    events: EventStore, ledger: Ledger, project_id: int, customers: list[int]
) -> list[dict[str, Any]]:
    """Each customer with the ids it is known by (user ids first), and what it did in all."""
    identities = ledger.identities_of(project_id, customers)
    values = {"project": project_id, "identities": identities, "customers": customers}
    found: dict[int, dict[str, Any]] = {}
    for row in events.query(question("customers.names"), values):
        one = found.setdefault(
            row["customer"],
            {
                "customer": str(row["customer"]),
                "n": row["n"],
                "last_seen": iso(row["last_seen"]),
                "identities": [],
            },
        )
        one["identities"].append({"kind": row["kind"], "value": row["value"]})
    return list(found.values())
