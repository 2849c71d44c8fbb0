"""What the page for installing says of arrival: what came of late, from where, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from admin.services import Services
from journeys.period import midnight
from journeys.sightings import sightings
from journeys.timeline import latest, newest_of, recent
from store.drops import Chosen, drops_by_code
from store.projects import Project

DAY_MS = 86_400_000
SNIPPET = "waywiser-js"
AT_HOME = ("localhost", "127.0.0.1", "::1")
MOST_REASONS = 5


@dataclass(frozen=True)
class Arrivals:
    """What came of late: the `newest` event of all, the newest `of_snippet` of a day, and what came `today`.

    `refused` says how many events of a day were refused for which reason.
    """

    newest: Mapping[str, Any] | None
    of_snippet: Mapping[str, Any] | None
    today: Sequence[Mapping[str, Any]]
    refused: Mapping[str, int]

    def of(self, side: str) -> list[Mapping[str, Any]]:
        """What came today from one side, `browser` or `server`."""
        return [row for row in self.today if (row["side"] == "browser") == (side == "browser")]


def arrivals(services: Services, project: Project) -> Arrivals:
    """How events of a project arrive at the moment."""
    now, events = services.clock(), services.events
    begun = midnight(datetime.fromtimestamp(now / 1000, project.zone).date(), project.zone)
    refused = drops_by_code(services.engine, project.id, Chosen(since=now - DAY_MS))
    return Arrivals(
        newest=_newest(services, project, now),
        of_snippet=newest_of(events, project.id, SNIPPET, now=now),
        today=sightings(events, project.id, since=begun, now=now),
        refused=dict(list(refused.items())[:MOST_REASONS]),
    )


def _newest(services: Services, project: Project, now: int) -> Mapping[str, Any] | None:
    events = services.events
    if found := recent(events, project.id, now=now, most=1):
        return found[0]
    last = latest(events, project.id)  # of all times, which takes longer
    if last["at"] is None:
        return None
    since = int(datetime.fromisoformat(last["at"]).timestamp() * 1000)
    found = recent(events, project.id, now=now, since=since, most=1)
    return found[0] if found else None


def is_at_home(address: str) -> bool:
    """Whether an address leads to the very machine that asks."""
    return (urlsplit(address).hostname or "") in AT_HOME
