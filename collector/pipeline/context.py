"""What the steps share about one event: its message, its envelope, and the tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from collector.pipeline.database import Database
from collector.pipeline.networks import data_centres
from collector.pipeline.place import Place, places
from store.identity import Link
from store.inbox import Envelope
from store.plans import Plan, no_plan
from store.privacy.suppression import Lookup, nobody
from store.rules import ProjectRules, standard
from store.settings import Settings


@dataclass(frozen=True)
class Tools:
    """What steps need: the settings, the projects' rules and plans, who was erased, and two databases."""

    settings: Settings
    rules: Callable[[int], ProjectRules]
    places: Database[Place]
    data_centres: Database[bool]
    plans: Callable[[int], Plan] = no_plan
    suppressed: Lookup = nobody

    @classmethod
    def opened(
        cls,
        settings: Settings,
        rules: Callable[[int], ProjectRules] = standard,
        plans: Callable[[int], Plan] = no_plan,
        suppressed: Lookup = nobody,
    ) -> Tools:
        """Open what the settings name."""
        databases = places(settings.geoip_db), data_centres(settings.asn_db)
        return cls(settings, rules, *databases, plans, suppressed)

    def close(self) -> None:
        """Close the databases."""
        self.places.close()
        self.data_centres.close()


@dataclass(slots=True)
class Context:
    """One event's surroundings. `query`, set by the page step, holds the parameters kept of its address."""

    message: dict[str, Any]
    position: int  # in its envelope: what was sent first is taken to have happened first
    given: dict[str, Any]  # the message's own `context`
    envelope: Envelope
    tools: Tools
    rules: ProjectRules
    plan: Plan
    query: dict[str, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)

    def part(self, name: str) -> dict[str, Any]:
        """An object inside the message's context; empty when it is absent or no object."""
        value = self.given.get(name)
        return value if isinstance(value, dict) else {}


def text(value: Any, most: int = 2048) -> str:
    """A value as text for a column; empty for what is neither text nor number."""
    if isinstance(value, str):
        return value[:most]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)[:most]
    return ""
