"""Explore: what customers do after any touchpoint, or did before it, over all their visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import asked, exports, pictures
from admin.access import Place, needs
from admin.all_events import AllEvents, all_events
from admin.long_reports import WHOLE_PAGE, Spot, shown
from admin.of_segment import Chosen, chosen
from admin.services import services
from journeys import explored, explored_lists
from journeys.customers import described
from journeys.period import Period, asked_at, iso, parse_period
from journeys.touchpoints import Touchpoint, read
from store.words import Spoken
from store.work import Work

pages = Blueprint("explore", __name__, url_prefix="/p/<project>/explore")
DEPTHS = (3, 5, 8)


@dataclass(frozen=True)
class Question:
    """What the page was asked: the frame of its bar, and where paths start ('' for nowhere yet)."""

    place: Place
    asked: asked.Asked
    period: Period
    now: int
    paths: explored.Asked
    chosen: Chosen

    @property
    def args(self) -> dict[str, str]:
        """The address arguments that ask the same again, beside the period."""
        plain = explored.Asked("")
        wanted = ("start", "direction", "unit", "gap", "depth")
        given = {name: getattr(self.paths, name) for name in wanted}
        return {name: str(one) for name, one in given.items() if one != getattr(plain, name)}

    @property
    def period_args(self) -> dict[str, str]:
        """The address arguments of the period, and of whom it asks."""
        period = {name: one for name, one in self.asked.args.items() if name in ("days", "from", "through")}
        return {**period, **self.chosen.args}

    def link(self, door: str = "show", /, **other: Any) -> str:
        """The address of the same question, with these arguments in place of its own."""
        values = {**self.period_args, **self.args, **other}
        return url_for(f"explore.{door}", project=self.place.project.key, **values)

    def list(self, cell: str, *, door: str = "visits") -> str:
        """The address of the visits behind a number, at the moment of this answer."""
        return self.link(door, cell=cell, now=iso(self.now))

    def touchpoint(self) -> Touchpoint:
        """Where paths start; raises TouchpointError."""
        return read(self.paths.start)

    def events(self, work: Work | None = None) -> AllEvents:
        """The events that are asked."""
        return all_events(
            services(), self.place.project, self.period, now=self.now, work=work, members=self.chosen.members
        )


PATHS = Spot(page="explore/page.html")


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """The question and, where it names a touchpoint, its paths."""
    question, work = _question(place), services().work()
    more: dict[str, Any] = {"question": question, "depths": DEPTHS, "meanings": Spoken(explored.MEANINGS)}

    def draw(answer: dict[str, Any] | None) -> str:
        return render_template("explore/page.html", answer=answer, pictures=pictures, **more)

    if not question.paths.start:
        return draw(None)
    events, start = question.events(work), question.touchpoint()
    return shown(
        lambda: events.paths(start, question.paths), draw, owner=place.user.id, work=work, spot=PATHS, **more
    )


@pages.get("/visits")
@needs("viewer")
def visits(place: Place) -> ResponseReturnValue:
    """The visits behind a number."""
    question, cell, work = _question(place), request.args.get("cell", ""), services().work()
    skipped = min(max(0, request.args.get("skipped", 0, type=int)), 1_000_000)
    events, start, given = question.events(work), question.touchpoint(), services()

    def compute() -> dict[str, Any]:
        found = events.visits(start, question.paths, cell, skipped=skipped)
        whose = sorted({int(one["customer"]) for one in found["rows"]})
        known = described(given.events.asked_for(work), given.ledger, place.project.id, whose)
        return {
            "found": found,
            "gathered": events.labels(start, question.paths, cell),
            "customers": {one["customer"]: one for one in known},
        }

    def draw(answer: dict[str, Any]) -> str:
        return render_template("explore/visits.html", question=question, cell=cell, skipped=skipped, **answer)

    return shown(
        compute,
        draw,
        owner=place.user.id,
        work=work,
        spot=WHOLE_PAGE,
        section="explore",
    )


@pages.get("/visits.csv")
@needs("viewer")
def visits_csv(place: Place) -> ResponseReturnValue:
    """The same as a file."""
    question = _question(place)
    rows = question.events().every_visit(question.touchpoint(), question.paths, request.args.get("cell", ""))
    return exports.csv_file("explore-visits", explored_lists.visits_table(rows))


@pages.get("/paths.csv")
@needs("viewer")
def csv(place: Place) -> ResponseReturnValue:
    """The links as a file."""
    question = _question(place)
    paths = question.events().paths(question.touchpoint(), question.paths)
    return exports.csv_file("explore-paths", explored.table(paths))


def _question(place: Place) -> Question:
    args, zone = request.args, place.project.zone
    given, then = services(), args.get("now")
    now = asked_at(then, zone, now=given.clock()) if then else given.moment(place.project.id)
    frame = asked.read_now(args, zone, now=now)
    period = parse_period(frame.start, frame.end, zone, now=now)
    depth = args.get("depth", 5, type=int)
    paths = explored.Asked(
        args.get("start", "").strip(),
        _one_of(args.get("direction"), explored.DIRECTIONS),
        _one_of(args.get("unit"), explored.UNITS),
        _one_of(args.get("gap"), explored.GAPS),
        depth if depth in DEPTHS else 5,
    )
    return Question(place, frame, period, now, paths, chosen(given, place, args, frame, now=now))


def _one_of(given: str | None, known: tuple[str, ...]) -> str:
    """What is given, or the first of what is known."""
    return given if given in known else known[0]
