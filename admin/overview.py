"""The journeys of a project at a glance: how each did lately, and where it loses most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin.pictures import worst_step
from admin.services import Services
from journeys.definitions import Definition, parse
from journeys.funnel import funnel
from journeys.period import Period
from journeys.scope import Scope
from store.journeys import JourneyVersion, live_journeys
from store.projects import Project


@dataclass(frozen=True)
class Card:
    """One journey in the list."""

    version: JourneyVersion
    definition: Definition
    answer: Mapping[str, Any]
    worst: Mapping[str, Any] | None


def cards(services: Services, project: Project, period: Period, *, now: int) -> list[Card]:
    """A card a journey, the oldest first."""
    return [
        _card(services, project, version, period, now)
        for version in live_journeys(services.engine, project.id)
    ]


def _card(services: Services, project: Project, version: JourneyVersion, period: Period, now: int) -> Card:
    definition = parse(version.definition)
    answer = funnel(Scope(services.events, project, version, definition, period, {}, now))
    return Card(version, definition, answer, worst_step(answer))
