"""A journey's report: what was asked, the runs that answer, and the links that keep asking the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request, url_for

from admin import asked, embedding
from admin.access import Place
from admin.asked import UNITS
from admin.formats import written_day
from admin.services import services
from journeys.period import asked_at, iso
from journeys.report import RUNS
from journeys.reports import BY_NAME, TABS
from journeys.scope import Scope, open_scope
from journeys.segments import choices
from store.journeys import UNFILLED, JourneyVersion, versions_of
from store.words import marked, tell
from store.work import Work

OF_RUNS = {
    "medium": marked("medium %(name)s"),
    "segment": marked("in %(name)s"),
    "not_segment": marked("not in %(name)s"),
}
LAST_TABS = (("runs", marked("Runs")), ("definition", marked("Definition")))


@dataclass(frozen=True)
class JourneyPage:
    """One journey, asked about in one frame."""

    place: Place
    key: str
    scope: Scope
    asked: asked.Asked
    choices: dict[str, list[dict[str, Any]]]
    filling: JourneyVersion | None

    @property
    def now(self) -> str:
        """The moment of this report, for what must tell in time and dropped apart as it does."""
        return iso(self.scope.now)

    def about(self, units: Sequence[str] = UNITS) -> str:
        """What the numbers are of, in words, for a picture without its page. Of `units` one is counted."""
        asked, saved = self.asked, self.scope.saved
        what = tell(asked.unit if asked.unit in units else units[0]).capitalize()
        frame = {"what": what, "start": written_day(asked.start), "through": written_day(asked.through)}
        parts = [tell("%(what)s that began from %(start)s through %(through)s", **frame)]
        parts += [f"{tell(name)} {value}" for name, value in asked.segment.items()]
        for name, value in asked.of_runs.items():
            called = value if name == "medium" else saved.named(value)
            parts.append(tell(OF_RUNS[name], name=called))
        if asked.as_of:
            parts.append(tell("customers as they were known at %(at)s", at=asked.as_of))
        return ", ".join(parts)

    def link(self, tab: str, **more: Any) -> str:
        """The address of a tab with the same period, unit and segment."""
        return url_for(
            f"journey.{tab}", project=self.place.project.key, key=self.key, **{**self.asked.args, **more}
        )

    def permalink(self, tab: str, args: Mapping[str, str]) -> str:
        """The address of what a tab shows with its days and its moment, which means the same tomorrow."""
        kept = {name: value for name, value in self.asked.args.items() if name != "days"}
        days = {"from": self.asked.start, "through": self.asked.through}
        values: dict[str, Any] = {**kept, **days, **args, "now": self.now}
        return url_for(f"journey.{tab}", project=self.place.project.key, key=self.key, **values)

    def within(self, start: str, through: str) -> str:
        """The address of the funnel of another period, from a day through a day."""
        kept = {name: value for name, value in self.asked.args.items() if name != "days"}
        values: dict[str, Any] = {**kept, "from": start, "through": through}
        return url_for("journey.funnel", project=self.place.project.key, key=self.key, **values)

    def csv(self, tab: str, **more: Any) -> str:
        """The address of the same answer, of the same moment, as a CSV file."""
        values = {**self.asked.args, "now": self.now, **more}
        return url_for("journey.csv", project=self.place.project.key, key=self.key, tab=tab, **values)

    def runs(self, number: str, step: str | None = None) -> str:
        """The address of the list behind a number of the funnel, as things stood when it was counted."""
        return self.link("runs", number=number, **({"step": step} if step else {}), now=self.now)

    def behind(self, name: str, cell: str) -> str:
        """The address of the list behind a number of another report."""
        runs_only = {"unit": "runs"} if BY_NAME[name].units == RUNS else {}
        return self.link("runs", report=name, cell=cell, now=self.now, **runs_only)

    def behind_paths(self, cell: str) -> str:
        """The address of the list behind a place or a way of the picture of paths."""
        return self.behind("paths", cell)

    def behind_of_all(self, name: str, cell: str) -> str:
        """The address of the list behind a number that counts runs whatever the segment of the page."""
        return self.link("runs", report=name, cell=cell, now=self.now, **self.no_segment)

    @property
    def no_segment(self) -> dict[str, None]:
        """What takes the segment out of an address."""
        return dict.fromkeys((*self.asked.segment, *self.asked.of_runs))

    def can_be_shared(self, tab: str) -> bool:
        """Whether a link can show the report of a tab to whoever has it."""
        return tab in {one.name for one in embedding.REPORTS}

    def share(self, tab: str, args: Mapping[str, str]) -> str:
        """The address of the form that makes such a link, for what this page asks."""
        values: dict[str, Any] = {**self.asked.without("as_of"), **args, "journey": self.key, "report": tab}
        return url_for("embeds.show", project=self.place.project.key, **values)

    def tabs(self) -> list[tuple[str, str]]:
        """The tabs of the page: their names in addresses and their titles."""
        return [
            *((name, tell(title)) for name, title in (*((one.name, one.title) for one in TABS), *LAST_TABS))
        ]


def open_report(place: Place, key: str) -> JourneyPage:
    """The report that the address asks for; raises NoSuchJourney, PeriodError, SegmentError."""
    return with_choices(without_choices(place, key, services().work()))


def with_choices(report: JourneyPage) -> JourneyPage:
    """The same with what segments can be made of, which is a question to the event store."""
    return replace(report, choices=choices(report.scope, unit=report.asked.unit))


def without_choices(place: Place, key: str, work: Work) -> JourneyPage:
    """The report that the address asks for, about which nothing is asked yet; `work` is what it will be."""
    given = services()
    then = request.args.get("now")
    now = asked_at(then, place.project.zone, now=given.clock()) if then else given.moment(place.project.id)
    frame = asked.read(request.args, place.project.zone, now=now)
    scope = open_scope(
        given.engine,
        given.events.asked_for(work),
        place.project,
        key,
        start=frame.start,
        end=frame.end,
        segment=frame.whole_segment,
        as_of=frame.as_of,
        now=now,
        answers=given.answers,
    )
    if scope.rule.of_accounts and frame.unit == "customers":  # a link from a journey of customers
        frame = replace(frame, unit="accounts")
    versions = versions_of(given.engine, place.project.id, key)
    filling = next((one for one in versions if one.status in UNFILLED), None)
    return JourneyPage(place, key, scope, frame, {}, filling)
