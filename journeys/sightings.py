"""Sightings: from which sites and servers events come today, and in the last minute."""

from __future__ import annotations

from typing import Any

from journeys.period import iso
from journeys.questions import question
from store.events import EventStore

MINUTE_MS = 60_000
MOST = 20


def sightings(
    events: EventStore, project_id: int, *, since: int, now: int, most: int = MOST
) -> list[dict[str, Any]]:
    """A row for each `origin` of a `side` that events came from since then, the busiest first.

    An origin is the host of the pages, for servers the name of the client library. `n` counts events, `pages`
    page views among them and `robots` those that reports leave out; `lately` and `pages_lately` are those
    of the last minute. `last` is when the newest arrived (ISO).
    """
    values = {"project": project_id, "since": since, "minute": now - MINUTE_MS, "most": most}
    rows = events.query(question("sightings.today"), values)
    return [{**row, "last": iso(row["last"])} for row in rows]
