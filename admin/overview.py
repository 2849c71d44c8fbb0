"""The journeys of a project at a glance: how each did lately, and where it loses most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from admin.services import Services
from journeys.definitions import Definition, parsed
from journeys.intake import HOUR, intake
from journeys.overview import arrived_by_minute, kept_heads
from journeys.period import Period
from journeys.stakes import Stake, stakes, worst_step
from store.journeys import JourneyVersion, live_journeys
from store.projects import Project
from store.words import Spoken


@dataclass(frozen=True)
class Card:
    """One journey in the list."""

    version: JourneyVersion
    definition: Definition
    answer: Mapping[str, Any]
    worst: Mapping[str, Any] | None
    stake: Stake | None = None


def cards(services: Services, project: Project, period: Period, *, now: int, order: str = "") -> list[Card]:
    """A card a journey, the oldest first or in one of ORDERS."""
    versions = live_journeys(services.engine, project.id)
    answers = kept_heads(services.events, services.answers, project, versions, period, now=now)
    asked = (services.events, project.id, versions, answers, period)
    worth = stakes(*asked, now=now) if order == "stake" else {}
    found = [
        Card(
            one,
            parsed(one.definition),
            answers[one.id],
            worst_step(answers[one.id]),
            worth.get(one.id),
        )
        for one in versions
    ]
    return sorted(found, key=_KEYS[order]) if order in _KEYS else found


def _lost(card: Card) -> int:
    outcomes = card.answer["outcomes"]
    return -int(outcomes["dropped"] + outcomes["failed"])


def _at_stake(card: Card) -> tuple[bool, str, float]:
    """By currency, as amounts in different ones cannot be compared; last where nothing is known of money."""
    return (False, card.stake.currency, -card.stake.value) if card.stake else (True, "", 0)


_KEYS: Mapping[str, Callable[[Card], Any]] = {
    "name": lambda card: card.definition.name.lower(),
    "rate": lambda card: (not card.answer["entered"], card.answer["success_rate"]["value"] or 0),
    "runs": lambda card: -card.answer["entered"],
    "lost": _lost,
    "stake": _at_stake,
    "owner": lambda card: (not card.definition.owner, card.definition.owner.lower()),
}
ORDERS = Spoken(
    {
        "": "as they were made",
        "name": "by name",
        "rate": "lowest success first",
        "runs": "most runs first",
        "lost": "most lost first",
        "stake": "most money at stake first",
        "owner": "by owner",
    }
)


@dataclass(frozen=True)
class Pulse:
    """The events of the last half hour by minute, and how many were accepted and refused in 24 hours."""

    minutes: Mapping[int, int]
    accepted: int
    refused: int


def pulse(services: Services, project: Project, *, now: int) -> Pulse:
    """How events arrive at the moment."""
    day = Period(now // HOUR * HOUR - 23 * HOUR, now + 1)
    total = intake(services.engine, project.id, day, project.zone, now=now)["total"]
    minutes = arrived_by_minute(services.events, project.id, now=now)
    return Pulse(minutes, total["accepted"], total["refused"])
