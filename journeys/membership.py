"""Who belongs to a saved segment: its conditions as SQL over runs, each a semi-join on (customer, number)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from journeys import filters, known
from journeys.definition_schema import RunsOf
from journeys.definitions import Condition, Matcher, parse
from journeys.filters import Params
from journeys.outcome import outcome_at
from journeys.questions import question
from journeys.segment_definitions import Did, Group, Part, SegmentDefinition, State, parse_segment
from journeys.segments import SAVED, Segment, SegmentError
from store.journeys import ANSWERING, JourneyVersion
from store.words import tell


@dataclass(frozen=True)
class Saved:
    """The saved segments of a project by their keys, and the journeys that conditions can speak of."""

    segments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    journeys: Mapping[str, JourneyVersion] = field(default_factory=dict)

    def segment(self, key: str) -> SegmentDefinition:
        """A saved segment; raises SegmentError where there is none."""
        if key not in self.segments:
            raise SegmentError(tell("there is no saved segment %(key)s", key=repr(key)))
        return parse_segment(self.segments[key])

    def looks_inside(self, segment: Segment) -> bool:
        """Whether a segment of runs asks what happened within the run; raises SegmentError."""
        return any(self.segment(segment[name]).looks_inside for name in SAVED if segment.get(name))

    def named(self, key: str) -> str:
        """What a saved segment is called."""
        return str(self.segments[key]["name"]) if key in self.segments else key

    def journey(self, key: str) -> JourneyVersion:
        """The version that says how runs of another journey stood; raises SegmentError."""
        version = self.journeys.get(key)
        if version is None:
            raise SegmentError(
                tell("the segment asks for the journey %(key)s, which does not exist", key=repr(key))
            )
        if version.status not in ANSWERING:
            raise SegmentError(
                tell("the segment asks for the journey %(key)s, which is still being counted", key=repr(key))
            )
        return version


@dataclass(frozen=True)
class Ground:
    """What conditions stand on: the SQL of runs, of events with their customer, and the other journeys.

    `runs` are those of `runs.selected`, `runs_of` says whose; `is_now` that customers are those that are
    known now.
    """

    runs: str
    resolved: str
    saved: Saved
    is_now: bool = True
    runs_of: RunsOf = "customers"


def belonging(group: Group, params: Params, ground: Ground) -> str:
    """SQL that is 1 for runs that meet the conditions, on columns of `runs.selected`.

    Raises SegmentError where a journey that it asks for cannot answer.
    """
    joined = " and " if group.every else " or "
    return joined.join(f"({_part(part, params, ground)})" for part in group.parts)


def _part(part: Part, params: Params, ground: Ground) -> str:
    if isinstance(part, Group):
        return belonging(part, params, ground)
    if isinstance(part, Condition) and part.kind == "field":
        return filters.condition(part, params)
    asked: dict[type, Callable[[Any, Params, Ground], str]] = {Condition: _trait, Did: _did, State: _state}
    return f"(customer, number) in ({asked[type(part)](part, params, ground)})"


def _trait(one: Condition, params: Params, ground: Ground) -> str:
    name = params.bind(one.name, "String")
    return question(
        "membership.trait",
        runs=ground.runs,
        resolved=ground.resolved,
        trait=name,
        value=filters.text("traits", name),
        met=filters.condition(one, params),
    )


def _did(one: Did, params: Params, ground: Ground) -> str:
    if one.before is None:
        span = {"since": "start", "until": "last", "earliest": "{start:Int64}", "latest": "1"}
    else:
        before = params.bind(one.before, "Int64")
        span = {
            "since": f"start - {before}",
            "until": "start - 1",
            "earliest": f"greatest({{start:Int64}} - {before}, 0)",
            "latest": "timestamp < fromUnixTimestamp64Milli({end:Int64})",
        }
    first = filters.matcher(one.first, params)
    if one.then is None:
        happened = _knowing([one.first], params, ground)
        return question(
            "membership.did",
            runs=ground.runs,
            happened=happened,
            is_it=first,
            met=_count(one, params),
            **span,
        )
    then = filters.matcher(one.then, params)
    return question(
        "membership.sequence",
        runs=ground.runs,
        happened=_knowing([one.first, one.then], params, ground),
        is_first=first,
        is_then=then,
        within="1" if one.within is None else f"t - first_t <= {params.bind(one.within, 'Int64')}",
        met="not happened" if one.most == 0 else "happened",
        **span,
    )


def _knowing(matchers: list[Matcher], params: Params, ground: Ground) -> str:
    relevant = filters.relevant_of(matchers, params)
    return known.knowing(ground.resolved, known.traits_of(matchers), params, relevant=relevant)


def _count(one: Did, params: Params) -> str:
    limits = [f"n >= {params.bind(one.fewest, 'UInt64')}"]
    if one.most is not None:
        limits.append(f"n <= {params.bind(one.most, 'UInt64')}")
    return " and ".join(limits)


def _state(one: State, params: Params, ground: Ground) -> str:
    if not ground.is_now:
        raise SegmentError(
            tell("how runs of another journey stood is known for the customers of now; leave out as_of")
        )
    version = ground.saved.journey(one.journey)
    definition = parse(version.definition)
    if definition.runs_of != ground.runs_of:
        raise SegmentError(
            tell(
                "the segment asks for the journey %(journey)s, whose runs are those of %(runs_of)s; "
                "here they are those of %(runs_of2)s",
                journey=repr(one.journey),
                runs_of=definition.runs_of,
                runs_of2=ground.runs_of,
            )
        )
    return question(
        "membership.state",
        runs=ground.runs,
        version=params.bind(version.id, "UInt32"),
        outcome=outcome_at(
            *("runs.start", "ended", "others.begin", "others.end"),
            idle=params.bind(definition.idle_timeout, "Int64"),
            window=params.bind(definition.window or 0, "Int64"),
        ),
        state=params.bind(one.state, "String"),
    )
