"""A journey's report: what was asked, the runs that answer, and the links that keep asking the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from admin import asked
from admin.access import Place
from admin.services import services
from journeys.reports import REPORTS
from journeys.scope import Scope, open_scope
from journeys.segments import choices
from store.journeys import JourneyVersion, versions_of

FIRST_TABS = (("funnel", "Funnel"), ("paths", "Paths"), ("timing", "Timing"), ("variants", "Variants"))
LAST_TABS = (("runs", "Runs"), ("definition", "Definition"))


@dataclass(frozen=True)
class Report:
    """One journey, asked about in one frame."""

    place: Place
    key: str
    scope: Scope
    asked: asked.Asked
    choices: dict[str, list[dict[str, Any]]]
    filling: JourneyVersion | None

    def link(self, tab: str, **more: Any) -> str:
        """The address of a tab with the same period, unit and segment."""
        return url_for(
            f"journey.{tab}", project=self.place.project.key, key=self.key, **{**self.asked.args, **more}
        )

    def csv(self, tab: str, **more: Any) -> str:
        """The address of the same answer as a CSV file."""
        values = {**self.asked.args, **more}
        return url_for("journey.csv", project=self.place.project.key, key=self.key, tab=tab, **values)

    def runs(self, number: str, step: str | None = None) -> str:
        """The address of the list behind a number of the funnel."""
        return self.link("runs", number=number, **({"step": step} if step else {}))

    def behind(self, name: str, cell: str) -> str:
        """The address of the list behind a number of another report."""
        return self.link("runs", report=name, cell=cell)

    def tabs(self) -> list[tuple[str, str]]:
        """The tabs of the page: their names in addresses and their titles."""
        more = [(one.name, one.title) for one in REPORTS]
        return [*FIRST_TABS, *more, *LAST_TABS]


def open_report(place: Place, key: str) -> Report:
    """The report that the address asks for; raises NoSuchJourney, PeriodError, SegmentError."""
    given = services()
    now = given.clock()
    frame = asked.read(request.args, place.project.zone, now=now)
    scope = open_scope(
        given.engine,
        given.events,
        place.project,
        key,
        start=frame.start,
        end=frame.end,
        segment=frame.segment,
        as_of=frame.as_of,
        now=now,
    )
    versions = versions_of(given.engine, place.project.id, key)
    filling = next((one for one in versions if one.status == "filling"), None)
    return Report(place, key, scope, frame, choices(scope), filling)
