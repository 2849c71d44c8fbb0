"""What conditions can be about: properties, traits and fields that events really had, with their values."""

from __future__ import annotations

from typing import Any, NamedTuple

from journeys.definition_schema import FIELDS
from journeys.questions import question
from store.events import EventStore

SAMPLE = 100_000


class Of(NamedTuple):
    """Of which events: those of a type, of a name, or both; of all events where both are empty."""

    type: str = ""
    event: str = ""


ALL = Of()


def names(
    events: EventStore, project_id: int, column: str, of: Of = ALL, *, since_ms: int = 0, most: int = 200
) -> list[dict[str, Any]]:
    """The properties or traits (`column`) of these events, the most frequent first.

    Each has its `share` of a sample of the events and its most frequent values as `examples`.
    """
    sql = question("hints.names", **_slots(column, of))
    return events.query(sql, _bound(project_id, of, since=since_ms, most=most))


def values(
    events: EventStore,
    project_id: int,
    column: str,
    name: str,
    of: Of = ALL,
    *,
    since_ms: int = 0,
    most: int = 1_000,
) -> list[dict[str, Any]]:
    """The values of a property or trait of these events, each with its share of a sample of them."""
    sql = question("hints.values", **_slots(column, of))
    return events.query(sql, _bound(project_id, of, since=since_ms, most=most, name=name))


def fields(events: EventStore, project_id: int, *, since_ms: int = 0) -> list[dict[str, Any]]:
    """The fields that events have, each with its share of a sample of them and examples."""
    pairs = ", ".join(f"('{name}', toString({name}))" for name in FIELDS)
    sql = question("hints.fields", columns=", ".join(FIELDS), pairs=pairs)
    rows = events.query(sql, {"project": project_id, "since": since_ms, "rows": SAMPLE})
    found = {row["name"]: row for row in rows}
    absent = {"share": 0.0, "examples": []}
    return [{**absent, **found.get(name, {}), "name": name} for name in FIELDS]


def _slots(column: str, of: Of) -> dict[str, str]:
    if column not in ("properties", "traits"):
        raise ValueError(column)
    which = [f"{name} = {{{name}:String}}" for name in _told(of)]
    return {"column": column, "which": " and ".join(which) or "1"}


def _bound(project_id: int, of: Of, **more: Any) -> dict[str, Any]:
    return {"project": project_id, "rows": SAMPLE, **_told(of), **more}


def _told(of: Of) -> dict[str, str]:
    return {name: one for name, one in of._asdict().items() if one}
