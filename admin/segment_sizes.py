"""How many belong to a segment, of the runs of one journey: kept as reports are."""

from __future__ import annotations

from typing import Any

from admin.services import Services
from journeys.comparison import size, size_of_draft
from journeys.scope import Scope, open_scope
from journeys.segment_definitions import SegmentDefinition
from store.projects import Project
from store.work import Work


def runs_of(
    given: Services,
    project: Project,
    journey: str,
    *,
    start: str | None,
    end: str | None = None,
    work: Work | None = None,
) -> Scope:
    """The runs of which a segment's size is told; raises NoSuchJourney, PeriodError."""
    return open_scope(
        given.engine,
        given.events.asked_for(work or given.work()),
        project,
        journey,
        start=start,
        end=end,
        now=given.moment(project.id),
        answers=given.answers,
    )


def size_of(scope: Scope, key: str) -> dict[str, int]:
    """How many of these runs belong to a saved segment; raises SegmentError."""
    return scope.kept("segment.size", {"key": key}, lambda: size(scope, key))


def draft_size(scope: Scope, segment: SegmentDefinition) -> dict[str, Any]:
    """The same of one that is not saved; raises SegmentError."""
    return scope.kept("segment.draft", {"source": segment.source}, lambda: size_of_draft(scope, segment))
