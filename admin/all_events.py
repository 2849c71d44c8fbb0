"""Questions to all events of a period, whatever journey: Discover and Explore, kept as reports are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from admin.services import Services
from journeys import discovery, discovery_journeys, discovery_lists, discovery_steps, explored, explored_lists
from journeys.answers import Answers
from journeys.definitions import parsed
from journeys.discovery import Between
from journeys.members import EVERYBODY, Members
from journeys.period import Period
from journeys.routes import Routes, confirmed
from journeys.touchpoints import Touchpoint
from store.events import EventStore
from store.journeys import JourneyVersion, live_journeys
from store.projects import Project
from store.work import Work

T = TypeVar("T")


@dataclass(frozen=True)
class Ends:
    """Between which touchpoints, how long it may take, and what is counted.

    `sampled` is the share of customers to look at, where another answer has chosen them.
    """

    start: Touchpoint
    goal: Touchpoint
    within: str = discovery.WITHIN
    unit: str = discovery.UNITS[0]
    sampled: float | None = None


@dataclass(frozen=True)
class AllEvents:
    """The events of a project, or of some customers, in a period, as of `now` (ms).

    With `work`, what is asked can be ended.
    """

    events: EventStore
    project: Project
    period: Period
    now: int
    routes: Routes
    live: tuple[JourneyVersion, ...]
    answers: Answers
    members: Members = EVERYBODY

    def journeys(
        self, within: str, value: str, *, most: int = discovery_journeys.MOST_FOUND
    ) -> dict[str, Any]:
        """The journeys worth managing; raises DiscoveryError."""
        asked: dict[str, Any] = {"within": within, "value": value, "most": most}
        return self._kept(
            "discovery.journeys",
            {**asked, "live": self.live},
            lambda: discovery_journeys.worth_managing(
                self.events,
                self.project,
                [parsed(one.definition) for one in self.live],
                period=self.period,
                now=self.now,
                routes=self.routes,
                members=self.members,
                **asked,
            ),
        )

    def ways(self, ends: Ends, **asked: Any) -> dict[str, Any]:
        """The most frequent ways between two touchpoints; raises DiscoveryError."""
        about = {**asdict(ends), **asked}
        return self._kept(
            "discovery.ways", about, lambda: discovery.ways(self._between(ends), unit=ends.unit, **asked)
        )

    def steps(self, ends: Ends, *, least: float = discovery_steps.SUGGESTED) -> dict[str, Any]:
        """What most pass between them; raises DiscoveryError."""
        about = {**asdict(ends), "least": least}
        return self._kept(
            "discovery.steps",
            about,
            lambda: discovery_steps.steps(self._between(ends), unit=ends.unit, least=least),
        )

    def attempts(self, ends: Ends, cell: str, **asked: Any) -> dict[str, Any]:
        """The list behind a number of the two, which is not kept; raises DiscoveryError, ListError."""
        return discovery_lists.listed(self._between(ends), cell, unit=ends.unit, **asked)

    def other_ways(self, ends: Ends, cell: str, **asked: Any) -> dict[str, Any]:
        """The ways that are together behind such a number; raises DiscoveryError, ListError."""
        return discovery_lists.other_ways(self._between(ends), cell, unit=ends.unit, **asked)

    def paths(self, start: Touchpoint, asked: explored.Asked) -> dict[str, Any]:
        """What comes after a touchpoint, or before it."""
        about = {"touchpoint": start, **asdict(asked)}
        return self._kept("explored.paths", about, lambda: explored.told(self._exploration(start, asked)))

    def visits(self, start: Touchpoint, asked: explored.Asked, cell: str, **more: Any) -> dict[str, Any]:
        """The list behind a number of it, which is not kept; raises ListError."""
        return explored_lists.passing(self._exploration(start, asked), cell, **more)

    def labels(self, start: Touchpoint, asked: explored.Asked, cell: str, **more: Any) -> dict[str, Any]:
        """The labels that are together behind such a number; raises ListError."""
        return explored_lists.labels(self._exploration(start, asked), cell, **more)

    def every_attempt(self, ends: Ends, cell: str) -> Iterator[Mapping[str, Any]]:
        """All attempts behind a number, as they are taken; raises DiscoveryError, ListError."""
        return discovery_lists.everyone(self._between(ends), cell, unit=ends.unit)

    def every_visit(self, start: Touchpoint, asked: explored.Asked, cell: str) -> Iterator[Mapping[str, str]]:
        """All visits behind a number, as they are taken; raises ListError."""
        return explored_lists.everyone(self._exploration(start, asked), cell)

    def _between(self, ends: Ends) -> Between:
        """The attempts, of which is remembered what ways and steps both need."""
        about = {name: one for name, one in asdict(ends).items() if name != "unit"}
        share = ends.sampled or self._kept("discovery.share", about, lambda: self._opened(ends).sampled)

        def remember(name: str, unit: str, compute: Callable[[], T]) -> T:
            return self._kept(f"discovery.{name}", {**about, "unit": unit}, compute)

        return replace(self._opened(ends, share), remember=remember)

    def _opened(self, ends: Ends, share: float | None = None) -> Between:
        return discovery.between(
            self.events,
            self.project,
            ends.start,
            ends.goal,
            period=self.period,
            now=self.now,
            within=ends.within,
            routes=self.routes,
            share=share,
            members=self.members,
        )

    def _exploration(self, start: Touchpoint, asked: explored.Asked) -> explored.Exploration:
        return explored.explore(
            self.events,
            self.project,
            start,
            asked,
            period=self.period,
            now=self.now,
            routes=self.routes,
            members=self.members,
        )

    def _kept(self, name: str, asked: Mapping[str, Any], compute: Callable[[], T]) -> T:
        """What was computed under this name before, if nothing has changed; else what is computed now."""
        about = (name, asked, self.project, self.period, self.now, self.routes, self.members)
        return self.answers.under(self.events, self.project.id, about, compute)


def all_events(
    given: Services,
    project: Project,
    period: Period,
    *,
    now: int,
    work: Work | None = None,
    members: Members = EVERYBODY,
) -> AllEvents:
    """The events of a project in a period, or of some of its customers, to be asked for this work."""
    return AllEvents(
        given.events.asked_for(work or given.work()),
        project,
        period,
        now,
        confirmed(given.engine, project.id),
        tuple(live_journeys(given.engine, project.id)),
        given.answers,
        members,
    )
