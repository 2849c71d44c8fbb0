"""Reports that are shown to whoever has a link: which can be, what they say, how often they are computed."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from admin import asked, questions
from admin.services import Services
from journeys import segments
from journeys.filters import Params
from journeys.report import Answer, Report
from journeys.reports import BY_NAME
from journeys.scope import Scope, open_scope
from store.projects import Project

T = TypeVar("T")
# Those that count and name no customers. Others tell runs apart by any property, which may be an address.
REPORTS = tuple(BY_NAME[name] for name in ("funnel", "trend", "paths", "timing"))
DAYS = (7, 30, 90, 365)  # until a link expires
DAY_MS = 86_400_000
ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.IGNORECASE)
FRESH_MS = 5 * 60_000
WAIT_S = 2.0
MOST_KEPT = 100


@dataclass(frozen=True)
class Shown:
    """A report as a link shows it."""

    report: Report
    scope: Scope
    frame: asked.Asked
    answer: Answer


def reads(report: Report, given: Mapping[str, str], project: Project, *, now: int) -> dict[str, str]:
    """Of an address, the arguments that a link of this report keeps: what its page shows, and never `as_of`.

    What stands beside a report on its page is not part of a link, unless the report itself asks for it.
    """
    frame = asked.read(given, project.zone, now=now)
    own = questions.ReportQuestion([report], given).args
    kept = frame.without("as_of").items()
    return {**own, **{name: value for name, value in kept if name not in frame.compared}}


@dataclass(frozen=True)
class Opened:
    """What a link asks, before it is asked."""

    report: Report
    args: Mapping[str, str]
    frame: asked.Asked
    scope: Scope

    def shown(self) -> Shown:
        """Ask; raises what the question is refused for."""
        answer = self.report.ask(self.scope, self.report.arguments(self.args), unit=self.frame.unit)
        return Shown(self.report, self.scope, self.frame, answer)


def opened(
    given: Services, project: Project, journey: str, report: Report, args: Mapping[str, str], *, now: int
) -> Opened:
    """The question of a link.

    Raises NoSuchJourney, PeriodError, or SegmentError where a segment that it asks for is not there.
    """
    frame = asked.read(args, project.zone, now=now)
    scope = open_scope(
        given.engine,
        given.events,
        project,
        journey,
        start=frame.start,
        end=frame.end,
        segment=frame.whole_segment,
        now=now,
    )
    for segment in (scope.segment, segments.read(report.arguments(args).get("against", ""))):
        scope.belonging(segment, Params())
    return Opened(report, args, frame, scope)


def link_to_nothing(*_: Any, **__: Any) -> str:
    """In place of the addresses of lists: a link shows numbers alone."""
    return ""


class Busy(Exception):
    """Other links are being computed; try again soon."""


class Shelf:
    """What links show. Each is computed once in some minutes, and one at a time, whoever asks how often.

    Every reader gets it drawn in an own language.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[int, Any]] = OrderedDict()
        self._making = threading.Lock()

    def of(self, number: int, make: Callable[[], T], *, now: int) -> T:
        """What a link shows; raises Busy, and what `make` raises."""
        kept = self._kept.get(number)
        if kept and now - kept[0] < FRESH_MS:
            return cast(T, kept[1])
        if not self._making.acquire(timeout=0 if kept else WAIT_S):
            if kept:
                return cast(T, kept[1])
            raise Busy
        try:
            kept = self._kept.get(number)
            if not kept or now - kept[0] >= FRESH_MS:
                kept = now, make()
                self._kept[number] = kept
                self._kept.move_to_end(number)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            return cast(T, kept[1])
        finally:
            self._making.release()
