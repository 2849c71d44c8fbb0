"""The catalogue of what was really seen: events, pages, properties with counts and examples."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from journeys.definition_schema import FIELDS
from journeys.filters import Params
from journeys.period import iso
from journeys.questions import question
from journeys.resolution import resolved_now
from journeys.routes import RAW, Routes
from store.events import EventStore
from store.words import tell

DAYS = 30  # what counts as lately
NEW_DAYS = 7
DAY_MS = 86_400_000
SAMPLE = 100_000
ABOUT_PEOPLE = ("identify", "group")  # they carry traits, all others properties


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
        for row in events.query(question("catalog.seen", resolved=resolved_now()), values)
    ]


def volume(events: EventStore, project_id: int, month: int) -> int:
    """How many events a project has of a month such as 202611, which the store knows without reading them."""
    values = {"project": project_id, "month": month}
    return int(events.query(question("catalog.volume"), values)[0]["n"])


def listed(
    events: EventStore, project_id: int, planned: Collection[str], *, now: int, most: int = 1_000
) -> list[dict[str, Any]]:
    """Every event that was ever seen, the most frequent of the last 30 days first; robots are left out.

    `n` and `violations` count those days, the times are of always. `is_new`: first seen in the last 7 days.
    `status` is planned, unplanned (a track event that is not among the `planned`) or empty.
    """
    values = {"project": project_id, "since": now - DAYS * DAY_MS, "most": most}
    return [
        {
            **row,
            "label": row["event"] or f"({row['type']})",
            "status": _status(row, planned),
            "is_new": row["first_seen"] > now - NEW_DAYS * DAY_MS,
            "first_seen": iso(row["first_seen"]),
            "last_seen": iso(row["last_seen"]),
        }
        for row in events.query(question("catalog.listed"), values)
    ]


def pages(
    events: EventStore, project_id: int, *, since_ms: int, most: int = 200, routes: Routes = RAW
) -> list[dict[str, Any]]:
    """Pages viewed since then by their routes, the most frequent first, with views and customers."""
    params = Params(project=project_id, since=since_ms, most=most)
    sql = question("catalog.pages", resolved=resolved_now(), route=routes.route(params))
    return events.query(sql, params.values)


def properties(
    events: EventStore,
    project_id: int,
    event: str,
    *,
    kind: str = "track",
    since_ms: int = 0,
    rows: int = SAMPLE,
    most: int = 100,
) -> list[dict[str, Any]]:
    """What this event carried in a sample of at most `rows` events, the most frequent first.

    Each has `n` of the `sampled` events and their `share`, the `types` of its values as JSON Schema names
    them, `distinct_values` (about), first and last time, and up to five frequent values as `examples`, cut to
    80 characters. Traits for identify and group, properties for all other types.
    """
    values = {"project": project_id, "type": kind, "event": event, "since": since_ms}
    column = "traits" if kind in ABOUT_PEOPLE else "properties"
    found = events.query(
        question("catalog.properties", column=column), {**values, "rows": rows, "most": most}
    )
    return [
        {
            **{name: value for name, value in row.items() if name != "shown"},
            "share": row["n"] / row["sampled"],
            "first_seen": iso(row["first_seen"]),
            "last_seen": iso(row["last_seen"]),
        }
        for row in found
    ]


def attribute(
    events: EventStore, project_id: int, column: str, *, since_ms: int, most: int = 200
) -> list[dict[str, Any]]:
    """The values that an attribute of events, such as channel, had since then, the most frequent first.

    Each has its number of events and customers. `column` is a field that conditions know.
    """
    if column not in FIELDS:
        raise ValueError(tell("%(column)s is no attribute of events", column=repr(column)))
    values = {"project": project_id, "since": since_ms, "most": most}
    return events.query(question("catalog.attribute", column=column, resolved=resolved_now()), values)


def violations(
    events: EventStore, project_id: int, event: str, *, now: int, most: int = 20
) -> list[dict[str, Any]]:
    """In which ways this event broke the plan in the last 30 days: the text, how often, when last."""
    values = {"project": project_id, "event": event, "since": now - DAYS * DAY_MS, "most": most}
    return [
        {**row, "last_seen": iso(row["last_seen"])}
        for row in events.query(question("catalog.violations"), values)
    ]


def drafted(found: list[dict[str, Any]]) -> dict[str, Any]:
    """A JSON Schema that fits properties as they were seen: what all events carry is required.

    A text of few different values becomes a choice of them only where a person says so.
    """
    types = {row["name"]: _types(row["types"]) for row in found}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"type": one} for name, one in types.items()},
    }
    always = sorted(row["name"] for row in found if row["n"] == row["sampled"])
    return {**schema, "required": always} if always else schema


def _types(seen_types: list[str]) -> str | list[str]:
    several = [one for one in seen_types if not (one == "integer" and "number" in seen_types)]
    return several[0] if len(several) == 1 else several


def _status(row: dict[str, Any], planned: Collection[str]) -> str:
    if row["type"] != "track" or not planned:
        return ""
    return "planned" if row["event"] in planned else "unplanned"
