"""Lifecycle: how many customers are new, come back or stay away, and the lists behind the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import asked, exports, pictures
from admin.access import Place, needs
from admin.long_reports import WHOLE_PAGE, Spot, shown
from admin.of_segment import Chosen, chosen
from admin.services import services
from journeys.buckets import UNITS
from journeys.customers import table
from journeys.lifecycle import (
    MEANINGS,
    Life,
    everyone,
    first_seen,
    lifecycle,
    lifecycle_table,
    listed,
    open_life,
    retention_table,
)
from journeys.period import asked_at, iso, parse_period
from store.words import Spoken
from store.work import Work

pages = Blueprint("lifecycle", __name__, url_prefix="/p/<project>/lifecycle")
REPORT = Spot("lifecycle/page.html")


@dataclass(frozen=True)
class Question:
    """What the page was asked: the frame of its bar, how time is parted ('' for what fits), and of whom."""

    place: Place
    asked: asked.Asked
    by: str
    life: Life
    chosen: Chosen

    def link(self, door: str = "show", /, **other: Any) -> str:
        """The address of the same question, with these arguments in place of its own."""
        values: dict[str, Any] = {**self.asked.args, **self.chosen.args, "by": self.by or None, **other}
        return url_for(f"lifecycle.{door}", project=self.place.project.key, **values)

    def customers(self, cell: str, *, door: str = "customers") -> str:
        """The address of the list behind a number, as things stood when it was counted."""
        return self.link(door, cell=cell, now=iso(self.life.now))

    def csv(self, name: str) -> str:
        """The address of a table, of the same moment, as a file."""
        return self.link("csv", name=name, now=iso(self.life.now))


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """The life of customers, part by part, and the cohorts of those first seen in each."""
    given, work = services(), services().work()
    question = _question(place, work)
    about = (
        "lifecycle",
        place.project,
        question.life.period,
        question.by,
        question.life.now,
        question.life.members,
    )

    def compute() -> tuple[dict[str, Any], dict[str, Any]]:
        return lifecycle(question.life), first_seen(question.life)

    def draw(found: tuple[dict[str, Any], dict[str, Any]]) -> str:
        answer, cohorts = found
        return render_template(
            REPORT.page,
            question=question,
            life=answer,
            cohorts_of=cohorts,
            picture=pictures.lives(answer, place.project.zone),
            meanings=Spoken(MEANINGS),
        )

    return shown(
        lambda: given.answers.under(given.events, place.project.id, about, compute),
        draw,
        owner=place.user.id,
        work=work,
        spot=REPORT,
        question=question,
    )


@pages.get("/customers")
@needs("viewer")
def customers(place: Place) -> ResponseReturnValue:
    """The list behind a number."""
    cursor, cell = request.args.get("cursor"), request.args.get("cell", "")
    ledger, work = services().ledger, services().work()
    question = _question(place, work)

    def draw(found: dict[str, Any]) -> str:
        return render_template(
            "lifecycle/customers.html", question=question, cell=cell, found=found, cursor=cursor
        )

    return shown(
        lambda: listed(question.life, ledger, cell, cursor=cursor),
        draw,
        owner=place.user.id,
        work=work,
        spot=WHOLE_PAGE,
        section="lifecycle",
    )


@pages.get("/customers.csv")
@needs("viewer")
def customers_csv(place: Place) -> ResponseReturnValue:
    """The same as a file."""
    rows = everyone(_question(place).life, services().ledger, request.args.get("cell", ""))
    return exports.csv_file("lifecycle-customers", table(rows))


@pages.get("/<name>.csv")
@needs("viewer")
def csv(place: Place, name: str) -> ResponseReturnValue:
    """A table of the page as a file."""
    life = _question(place).life
    if name == "lifecycle":
        return exports.csv_file(name, lifecycle_table(lifecycle(life)))
    if name != "cohorts":
        abort(404)
    return exports.csv_file(name, retention_table(first_seen(life)))


def _question(place: Place, work: Work | None = None) -> Question:
    given, zone, then = services(), place.project.zone, request.args.get("now")
    now = asked_at(then, zone, now=given.clock()) if then else given.moment(place.project.id)
    frame, by = asked.read_now(request.args, zone, now=now), request.args.get("by", "")
    by = by if by in UNITS else ""
    period = parse_period(frame.start, frame.end, zone, now=now)
    events = given.events.asked_for(work or given.work())
    who = chosen(given, place, request.args, frame, now=now)
    life = open_life(events, place.project, period, by=by, now=now, members=who.members)
    return Question(place, frame, by, life, who)
