"""Discover: journeys worth managing, and the ways between two touchpoints, as drafts of journeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import asked, exports
from admin.access import Place, needs
from admin.all_events import AllEvents, Ends, all_events
from admin.draft import from_definition
from admin.long_reports import WHOLE_PAGE, Spot, shown
from admin.of_segment import Chosen, chosen
from admin.services import services
from admin.suggestions import MOST_SUGGESTIONS, About, suggestions
from journeys import discovery, discovery_journeys, discovery_lists, discovery_steps
from journeys.definition_schema import OPERATORS
from journeys.definitions import parse
from journeys.period import Period, asked_at, iso, parse_period
from journeys.report import Table
from journeys.touchpoints import Touchpoint, TouchpointError, read
from store.work import Work

pages = Blueprint("discovery", __name__, url_prefix="/p/<project>/discover")
MOST_WAYS = 20
LEAST = 0.1  # of those who reached the goal: rarer touchpoints are left out of ways, unless asked for


@dataclass(frozen=True)
class Question:
    """What the page was asked: the frame of its bar, and between which touchpoints ('' for none)."""

    place: Place
    asked: asked.Asked
    period: Period
    now: int
    within: str
    value: str
    start: str
    goal: str
    rare: str  # "shown" where ways hold rare touchpoints, too
    chosen: Chosen
    sampled: float | None = None  # the share of customers to look at, where another answer has chosen them

    @property
    def unit(self) -> str:
        """What is counted; discovery knows no accounts."""
        return self.asked.unit if self.asked.unit in discovery.UNITS else discovery.UNITS[0]

    def link(self, door: str = "show", /, **other: Any) -> str:
        """The address of the same question, with these arguments in place of its own."""
        names = ("within", "value", "start", "goal", "rare", "sampled")
        named = {name: getattr(self, name) or None for name in names}
        values: dict[str, Any] = {**self.asked.args, **self.chosen.args, **named, **other}
        return url_for(f"discovery.{door}", project=self.place.project.key, **values)

    def linker(self, door: str) -> Callable[..., str]:
        """What makes addresses of a page of it."""
        return partial(self.link, door)

    def shown(self, name: str) -> str:
        """What a field shows for the start or the goal; text that names nothing stays as it is."""
        text: str = getattr(self, name)
        try:
            return read(text).short
        except TouchpointError:
            return text

    def list(self, cell: str, *, door: str = "attempts", **other: Any) -> str:
        """The address of the attempts behind a number, at the moment of this answer."""
        return self.link(door, cell=cell, now=iso(self.now), **other)

    @property
    def ends(self) -> Ends:
        """Between what; raises TouchpointError."""
        return Ends(read(self.start), read(self.goal), self.within, self.unit, self.sampled)

    def events(self, work: Work | None = None) -> AllEvents:
        """The events that are asked."""
        return all_events(
            services(), self.place.project, self.period, now=self.now, work=work, members=self.chosen.members
        )

    def journeys(self, events: AllEvents) -> dict[str, Any]:
        """The journeys worth managing."""
        return events.journeys(self.within, self.value)

    def ways(self, events: AllEvents) -> dict[str, Any]:
        """The most frequent ways between the two touchpoints."""
        return events.ways(
            self.ends, longest=discovery.LONGEST, least=0.0 if self.rare else LEAST, most=MOST_WAYS
        )

    def steps(self, events: AllEvents) -> dict[str, Any]:
        """What most pass between them."""
        return events.steps(self.ends)


TABLES: Mapping[str, Callable[[Question], Table]] = {
    "journeys": lambda question: discovery_journeys.table(question.journeys(question.events())),
    "ways": lambda question: discovery.table(question.ways(question.events())),
    "steps": lambda question: discovery_steps.table(question.steps(question.events())),
}
# The page is there already, and asks for this part of it.
FOUND = Spot(page="waiting.html")
BETWEEN = Spot("discovery/between.html")


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """The question; what is found comes as a part of its own, as it takes a while."""
    return render_template("discovery/page.html", question=_question(place))


@pages.get("/journeys")
@needs("viewer")
def journeys(place: Place) -> ResponseReturnValue:
    """The journeys worth managing, as a part of the page."""
    return _shown(_question(place), Question.journeys, "journeys", "found", spot=FOUND)


@pages.get("/between")
@needs("viewer")
def between(place: Place) -> ResponseReturnValue:
    """The ways between two touchpoints, and which of them could be steps."""

    def both(question: Question, events: AllEvents) -> tuple[dict[str, Any], dict[str, Any]]:
        return question.ways(events), question.steps(events)

    return _shown(_question(place), both, "between", "ways", "steps", spot=BETWEEN)


@pages.get("/attempts")
@needs("viewer")
def attempts(place: Place) -> ResponseReturnValue:
    """The list behind a number."""
    cursor, cell = request.args.get("cursor"), request.args.get("cell", "")

    def listed(question: Question, events: AllEvents) -> tuple[dict[str, Any], dict[str, Any]]:
        found = events.attempts(question.ends, cell, cursor=cursor)
        return found, events.other_ways(question.ends, cell)

    return _shown(_question(place), listed, "attempts", "found", "gathered", cell=cell, cursor=cursor)


@pages.get("/attempts.csv")
@needs("viewer")
def attempts_csv(place: Place) -> ResponseReturnValue:
    """The same as a file."""
    question = _question(place)
    rows = question.events().every_attempt(question.ends, request.args.get("cell", ""))
    return exports.csv_file("discovery-attempts", discovery_lists.table(rows))


@pages.get("/draft")
@needs("editor")
def draft(place: Place) -> ResponseReturnValue:
    """The editor with a new journey of the two touchpoints and the steps suggested between them."""
    question, work = _question(place), services().work()
    events = question.events(work)

    def draw(found: dict[str, Any]) -> str:
        return render_template(
            "editor/page.html",
            draft=from_definition(parse(found["draft"]).source),
            key=None,
            problems={},
            focus="",
            yaml="",
            operators=OPERATORS,
        )

    steps: Callable[[], dict[str, Any]] = partial(question.steps, events)
    return shown(steps, draw, owner=place.user.id, work=work, spot=WHOLE_PAGE, section="discovery")


@pages.get("/suggest")
@needs("viewer")
def suggest(place: Place) -> ResponseReturnValue:
    """Events and pages that were really seen, for the fields of start and goal."""
    text = request.args.get("q", "")
    found = [
        {**one, "taken": (short := Touchpoint(what, one["value"]).short), "value": short}
        for what in ("event", "page")
        for one in suggestions(services(), place.project.id, what, text.removeprefix(f"{what}:"), About())
    ]
    found.sort(key=lambda one: -one["customers"])
    return render_template("editor/suggestions.html", found=found[:MOST_SUGGESTIONS])


@pages.get("/<name>.csv")
@needs("viewer")
def csv(place: Place, name: str) -> ResponseReturnValue:
    """A table of the pages as a file."""
    if name not in TABLES:
        abort(404)
    return exports.csv_file(f"discovery-{name}", TABLES[name](_question(place)))


def _shown(
    question: Question,
    ask: Callable[[Question, AllEvents], Any],
    page: str,
    *names: str,
    spot: Spot = WHOLE_PAGE,
    **more: Any,
) -> ResponseReturnValue:
    """A page of what is found, by its names; while that takes long, how far it is."""
    work = services().work()
    events = question.events(work)

    def draw(found: Any) -> str:
        named = dict(zip(names, found if len(names) > 1 else (found,), strict=True))
        return render_template(f"discovery/{page}.html", question=question, **named, **more)

    owner, frame = question.place.user.id, {"question": question, "section": "discovery"}
    return shown(lambda: ask(question, events), draw, owner=owner, work=work, spot=spot, **frame)


def _question(place: Place) -> Question:
    args, zone = request.args, place.project.zone
    given, then = services(), args.get("now")
    now = asked_at(then, zone, now=given.clock()) if then else given.moment(place.project.id)
    frame, within = asked.read_now(args, zone, now=now), args.get("within", "").strip() or discovery.WITHIN
    discovery.milliseconds(within)  # refused at once, not only by the part of the page that comes later
    return Question(
        place,
        frame,
        parse_period(frame.start, frame.end, zone, now=now),
        now,
        within=within,
        value=args.get("value", "").strip(),
        start=args.get("start", "").strip(),
        goal=args.get("goal", "").strip(),
        rare="shown" if args.get("rare") == "shown" else "",
        chosen=chosen(given, place, args, frame, now=now),
        sampled=share
        if discovery.LEAST_SHARE <= (share := args.get("sampled", 0.0, type=float)) <= 1
        else None,
    )
