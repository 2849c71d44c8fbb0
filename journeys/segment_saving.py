"""Keeps segments: what cannot be answered later is refused when it is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from journeys.definitions import Condition, DefinitionError, parse
from journeys.funnel import funnel
from journeys.membership import Saved
from journeys.period import Period
from journeys.preview import fits
from journeys.scope import Scope
from journeys.segment_definitions import SegmentDefinition, State, leaves
from journeys.segments import SegmentError
from store.event_errors import EventStoreError
from store.journeys import JourneyVersion, live_journeys
from store.projects import Project
from store.segments import SavedSegment, TooManySegments, save_segment, saved_segments
from store.words import tell

if TYPE_CHECKING:
    from store.events import EventStore

NOWHERE = [{"key": name, "name": name, "match": [{"event": name}]} for name in ("start", "goal")]


def keep_segment(
    engine: Engine,
    events: EventStore,
    project_id: int,
    segment: SegmentDefinition,
    *,
    by: str,
    now: int,
    check: Callable[[Mapping[str, Any] | None], None] = lambda _standing: None,
) -> SavedSegment:
    """Keep the segment under its key, in place of a former one, which `check` may refuse to be replaced.

    Raises DefinitionError as `check_segment` does, where another segment has its name, and where there are
    too many.
    """
    others = (one for one in saved_segments(engine, project_id) if one.key != segment.key)
    twin = next((one for one in others if one.definition["name"] == segment.name), None)
    more: dict[str, str] = {}
    if twin:
        of_name = tell("the segment %(key)s has this name; give each a name of its own", key=repr(twin.key))
        more = {"name": of_name}
    check_segment(engine, events, project_id, segment, more=more)
    try:
        return save_segment(engine, project_id, segment.source, by=by, now=now, check=check)
    except TooManySegments as error:
        raise DefinitionError({"segment": str(error)}) from None


def check_segment(
    engine: Engine,
    events: EventStore,
    project_id: int,
    segment: SegmentDefinition,
    *,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Raise DefinitionError where it names a journey that does not exist, or cannot be answered.

    `more` are problems that are known already.
    """
    problems = dict(more)
    journeys = {one.definition["key"]: one for one in live_journeys(engine, project_id)}
    for part in leaves(segment.group):
        if isinstance(part, State) and part.journey not in journeys:
            problems["journey"] = tell("there is no journey %(key)s", key=repr(part.journey))
    if any(one.op == "matches" and not fits(events, str(one.value)) for one in _conditions(segment)):
        problems["value"] = tell(
            "a pattern cannot be used: look-ahead, look-behind and back references are unknown"
        )
    if problems:
        raise DefinitionError(problems)
    _ask_about_nobody(events, project_id, segment, journeys)


def _ask_about_nobody(
    events: EventStore, project_id: int, segment: SegmentDefinition, journeys: Mapping[str, JourneyVersion]
) -> None:
    """Raise DefinitionError where nobody can say who belongs to the segment, not even of no run at all."""
    definition = parse({"key": "nobody", "name": "Nobody", "steps": NOWHERE})
    version = JourneyVersion(0, project_id, 0, 0, dict(definition.source), "draft", 0, 0, "", 0)
    saved = Saved({segment.key: segment.source}, journeys)
    place = Project(project_id, "", "", "UTC")
    scope = Scope(events, place, version, definition, Period(0, 0), {"name": segment.key}, now=0, saved=saved)
    try:
        funnel(scope)
    except SegmentError:
        return  # a journey that it asks for is still being counted
    except EventStoreError:
        if not events.takes_inserts():
            raise
        raise DefinitionError(
            {"segment": tell("these conditions are too many or too long to be asked")}
        ) from None


def _conditions(segment: SegmentDefinition) -> Iterator[Condition]:
    for part in leaves(segment.group):
        if isinstance(part, Condition):
            yield part
        elif not isinstance(part, State):
            yield from (one for matcher in (part.first, part.then) if matcher for one in matcher.where)
