"""The journeys of a project at a glance: how each did lately, and where it loses most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin.pictures import worst_step
from admin.services import Services
from journeys.definitions import Definition, parsed
from journeys.overview import heads
from journeys.period import Period
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
    versions = live_journeys(services.engine, project.id)
    answers = heads(services.events, project.id, versions, period, now=now)
    return [
        Card(one, parsed(one.definition), answers[one.id], worst_step(answers[one.id])) for one in versions
    ]
