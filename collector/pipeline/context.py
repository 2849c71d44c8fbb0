"""What the steps share about one event: its message, its envelope, and the tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from collector.pipeline.database import Database
from collector.pipeline.networks import data_centres
from collector.pipeline.place import Place, places
from store.identity import Link
from store.inbox import Envelope
from store.plans import Plan, no_plan
from store.privacy.suppression import Lookup, Suppressed, nobody
from store.rules import ProjectRules, standard
from store.settings import Settings


@dataclass(frozen=True, slots=True)
class Decided:
    """What a project has decided about its events, and who was erased from it."""

    rules: ProjectRules
    plan: Plan
    suppressed: Suppressed


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

    def decided(self, project: int) -> Decided:
        """What a project has decided, as far as this process knows by now."""
        return Decided(self.rules(project), self.plans(project), self.suppressed(project))

    def close(self) -> None:
        """Close the databases."""
        self.places.close()
        self.data_centres.close()


class Context(msgspec.Struct, gc=False):
    """One event's surroundings. `query`, set by the page step, holds the parameters kept of its address."""

    message: dict[str, Any]
    position: int  # in its envelope: what was sent first is taken to have happened first
    given: dict[str, Any]  # the message's own `context`
    envelope: Envelope
    tools: Tools
    decided: Decided
    query: dict[str, str] = {}
    links: list[Link] = []

    def part(self, name: str) -> dict[str, Any]:
        """An object inside the message's context; empty when it is absent or no object."""
        value = self.given.get(name)
        return value if isinstance(value, dict) else {}


def text(value: Any, most: int = 2048) -> str:
    """A value as text for a column; empty for what is neither text nor number."""
    if type(value) is str:
        return value[:most]
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)[:most]
    return ""
