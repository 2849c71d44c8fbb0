"""All journeys of a project at a glance: the heads of their funnels, by one question for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from journeys.answers import Answers
from journeys.definitions import Definition, parsed
from journeys.funnel import OUTCOMES, Counted
from journeys.outcome import outcome_at
from journeys.period import Period
from journeys.questions import question
from journeys.rates import run_rate
from store.events import EventStore
from store.journeys import JourneyVersion
from store.projects import Project

Head = Mapping[str, Any]
MINUTE = 60_000  # milliseconds
MINUTES = 30
OUTCOME = outcome_at(
    *("{now:Int64}", "toString(ended)", "start", "last"),
    idle="{idle:Array(Int64)}[number]",
    window="{window:Array(Int64)}[number]",
)


def heads(
    events: EventStore, project_id: int, versions: Sequence[JourneyVersion], period: Period, *, now: int
) -> dict[int, Head]:
    """By version id what `funnel` says of runs: `entered`, `outcomes`, `success_rate`, and of each of the
    `steps` how many were dropped or failed there, and how many went on."""
    if not versions:
        return {}
    definitions = {one.id: parsed(one.definition) for one in versions}
    values = {
        "project": project_id,
        "journey_versions": list(definitions),
        "idle": [one.idle_timeout for one in definitions.values()],
        "window": [one.window or 0 for one in definitions.values()],
        "start": period.start,
        "end": period.end,
        "now": now,
    }
    rows = defaultdict[int, list[dict[str, Any]]](list)
    for row in events.query(question("overview.counted", outcome=OUTCOME), values):
        rows[row["journey_version"]].append(row)
    return {number: _head(one, Counted(rows[number])) for number, one in definitions.items()}


def kept_heads(
    events: EventStore,
    answers: Answers | None,
    project: Project,
    versions: Sequence[JourneyVersion],
    period: Period,
    *,
    now: int,
) -> dict[int, Head]:
    """The same, as it was answered before if nothing has changed since."""

    def compute() -> dict[int, Head]:
        return heads(events, project.id, versions, period, now=now)

    if answers is None:
        return compute()
    about = "overview.heads", project, list(versions), period, now
    return answers.under(events, project.id, about, compute)


def arrived_by_minute(events: EventStore, project_id: int, *, now: int) -> dict[int, int]:
    """How many events were received in each of the last thirty minutes, by its beginning, oldest first."""
    begin = now // MINUTE * MINUTE - (MINUTES - 1) * MINUTE
    rows = events.query(question("overview.minutes"), {"project": project_id, "begin": begin})
    found = {row["minute"]: row["n"] for row in rows}
    return {begin + k * MINUTE: found.get(begin + k * MINUTE, 0) for k in range(MINUTES)}


def _head(definition: Definition, found: Counted) -> Head:
    entered = found.progressed(1)
    outcomes = {how: sum(n for (_, one), n in found.ends.items() if one == how) for how in OUTCOMES}
    return {
        "entered": entered,
        "outcomes": outcomes,
        "success_rate": run_rate(
            outcomes["succeeded"], entered, in_time=outcomes["in_time"], spread=found.spread(1)
        ),
        "steps": [
            {
                "key": step.key,
                "name": step.name,
                "dropped_here": found.ends[k, "dropped"],
                "failed_here": found.ends[k, "failed"],
                "went_on": found.progressed(k + 1),
            }
            for k, step in enumerate(definition.drawn.steps, 1)
        ],
    }
