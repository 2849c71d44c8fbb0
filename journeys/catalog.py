"""The catalogue of what was really seen: events, pages, properties with counts and examples."""

from __future__ import annotations

from typing import Any

from journeys.period import iso
from journeys.questions import question
from store.events import EventStore


def seen(events: EventStore, project_id: int, *, since_ms: int, most: int = 500) -> list[dict[str, Any]]:
    """Events seen since then, the most frequent first, with counts, customers, first and last time."""
    values = {"project": project_id, "since": since_ms, "most": most}
    return [
        {
            **row,
            "label": row["event"] or f"({row['type']})",
            "first_seen": iso(row["first_seen"]),
            "last_seen": iso(row["last_seen"]),
        }
        for row in events.query(question("catalog.seen"), values)
    ]


def pages(events: EventStore, project_id: int, *, since_ms: int, most: int = 200) -> list[dict[str, Any]]:
    """Page paths viewed since then, the most frequent first, with views and customers."""
    values = {"project": project_id, "since": since_ms, "most": most}
    return events.query(question("catalog.pages"), values)


def properties(
    events: EventStore, project_id: int, event: str, *, rows: int = 100_000, most: int = 100
) -> list[dict[str, Any]]:
    """Properties that this event carried in a sample of `rows` events, with frequent values."""
    values = {"project": project_id, "event": event, "rows": rows, "most": most}
    return events.query(question("catalog.properties"), values)
