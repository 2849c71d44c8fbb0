"""Who belongs to a saved segment, in plain Python: what the SQL must agree with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from journeys.definitions import Condition, Definition, Matcher
from journeys.segment_definitions import Did, Group, Part, State
from store.event import Event
from tests.oracle import Run, Told, Touch, outcome_at, runs, traits_at

LAST = 2**63


@dataclass(frozen=True)
class Life:
    """All that is known of one customer, and the other journeys by their keys."""

    events: Sequence[Event]
    journeys: dict[str, Definition]


def belongs(part: Part, run: Run, life: Life) -> bool:
    match part:
        case Group():
            return (all if part.every else any)(belongs(one, run, life) for one in part.parts)
        case Condition():
            return holds(part, value_of(part, run, life))
        case Did():
            return did(part, run, life)
        case State():
            return state(life, life.journeys[part.journey], run.start) == part.state


def value_of(one: Condition, run: Run, life: Life) -> str | None:
    if one.kind == "field":
        opening = next(e for e in life.events if e.event_id == run.event_ids[0])
        return str(getattr(opening, one.name))
    return known(life, (run.start, LAST, b"\xff" * 16)).get(one.name)


def known(life: Life, place: tuple[int, int, bytes]) -> dict[str, str]:
    """What was known of the customer after an event of this place."""
    told = [
        Told(e.timestamp, e.sequence, e.event_id, json.loads(e.traits))
        for e in life.events
        if e.type != "group"
    ]
    return traits_at(told, place)


def holds(one: Condition, value: str | None) -> bool:
    value = value or ""
    match one.op:
        case "eq":
            return value == one.value
        case "ne":
            return value != one.value
        case "in":
            return value in one.value
        case "is_set":
            return value != ""
        case "is_not_set":
            return value == ""
    raise AssertionError(one.op)


def did(part: Did, run: Run, life: Life) -> bool:
    since, until = (run.start, run.last) if part.before is None else (run.start - part.before, run.start - 1)
    inside = sorted(
        (e for e in life.events if since <= e.timestamp <= until),
        key=lambda e: (e.timestamp, e.sequence, e.event_id),
    )
    if part.then is None:
        n = sum(matches(part.first, e, life) for e in inside)
        return n >= part.fewest and (part.most is None or n <= part.most)
    happened = any(
        matches(part.first, one, life)
        and matches(part.then, other, life)
        and (part.within is None or other.timestamp - one.timestamp <= part.within)
        for at, one in enumerate(inside)
        for other in inside[at + 1 :]
    )
    return happened == (part.most != 0)


def matches(one: Matcher, event: Event, life: Life) -> bool:
    return event.type == "track" and event.event == one.event and meets(one.where, event, life)


def meets(conditions: Sequence[Condition], event: Event, life: Life) -> bool:
    said = {
        "property": json.loads(event.properties),
        "trait": known(life, (event.timestamp, event.sequence, event.event_id)),
    }
    return all(holds(each, said[each.kind].get(each.name)) for each in conditions)


def state(life: Life, definition: Definition, t: int) -> str:
    """How the latest run begun before a moment stood then, by the rule over what had happened by then."""
    touches = [
        Touch(
            e.timestamp,
            e.sequence,
            e.event_id,
            frozenset(
                k for k, s in enumerate(definition.steps, 1) if any(matches(m, e, life) for m in s.match)
            ),
            any(matches(m, e, life) for m in definition.fail_on),
            json.loads(e.properties).get(definition.case_key, "") if definition.case_key else "",
            meets(definition.population, e, life),
        )
        for e in life.events
        if e.timestamp <= t
    ]
    begun = [run for run in runs(definition, touches) if run.start < t]
    if not begun:
        return "never_entered"
    how = outcome_at(definition, begun[-1], t)
    return "under_way" if how == "in_time" else how
