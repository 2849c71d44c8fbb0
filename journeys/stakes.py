"""Money at stake in all journeys of a project, by one question for all: what it may cost where most leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeys.definitions import parsed
from journeys.filters import Params, any_of
from journeys.overview import Head
from journeys.period import Period
from journeys.questions import question
from journeys.scope import whoever
from store.events import EventStore
from store.journeys import JourneyVersion

# Properties of a goal's event that usually tell what it is worth, those first that are preferred.
PROPERTIES = ("revenue", "total", "value", "amount")


@dataclass(frozen=True)
class Stake:
    """What those who left a step might have been worth: left × the value by who went on."""

    step: str
    property: str
    currency: str
    value: float


def worst_step(head: Head) -> Mapping[str, Any] | None:
    """The step where most runs were dropped or failed, or None when none was."""
    lost = [(step["dropped_here"] + step["failed_here"], step) for step in head["steps"][:-1]]
    most = max(lost, key=lambda pair: pair[0], default=(0, None))
    return most[1] if most[0] else None


def stakes(
    events: EventStore,
    project_id: int,
    versions: Sequence[JourneyVersion],
    heads: Mapping[int, Head],
    period: Period,
    *,
    now: int,
) -> dict[int, Stake]:
    """By version id what is at stake where most leave, as `heads` of these journeys tell.

    It is told in the property and the currency of most successes; journeys whose successes carry none of
    PROPERTIES as a number are left out.
    """
    worst = {one.id: worst_step(heads[one.id]) for one in versions}
    asked = [one for one in versions if worst[one.id]]
    if not asked:
        return {}
    goals = [one for each in asked for one in parsed(each.definition).drawn.steps[-1].match]
    params = Params(
        project=project_id,
        journey_versions=[one.id for one in asked],
        names=list(PROPERTIES),
        start=period.start,
        end=period.end,
        now=now,
    )
    sql = question("stakes.counted", anchor=any_of(whoever(goals), params))
    found: dict[int, Stake] = {}
    for row in events.query(sql, params.values):  # those of most successes come first
        step = worst[row["journey_version"]]
        if step and step["went_on"] and row["journey_version"] not in found:
            left = step["dropped_here"] + step["failed_here"]
            value = left * row["value"] / step["went_on"]
            found[row["journey_version"]] = Stake(step["key"], row["name"], row["currency"], value)
    return found
