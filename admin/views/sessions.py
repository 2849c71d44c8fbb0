"""Sessions: numbers about those of a period, and the list of all behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import asked, exports
from admin.access import Place, needs
from admin.long_reports import Spot, shown
from admin.services import services
from journeys.period import Period, parse_period
from journeys.routes import Routes, confirmed
from journeys.session_numbers import Chosen, choices, every, listed, summary
from store.words import marked

pages = Blueprint("sessions", __name__, url_prefix="/p/<project>/sessions")
MOST = 50
REPORT = Spot("sessions/page.html")
# What the list may be limited to, beside attributes.
WHICH: dict[str, tuple[str, dict[str, bool]]] = {
    "": (marked("All sessions"), {}),
    "bounced": (marked("Bounced"), {"bounced": True}),
    "stayed": (marked("Did not bounce"), {"bounced": False}),
    "engaged": (marked("Engaged"), {"engaged": True}),
    "unengaged": (marked("Not engaged"), {"engaged": False}),
}


@dataclass(frozen=True)
class Question:
    """What the page was asked: the frame of its bar, which sessions, and of which customer ('' for all)."""

    place: Place
    asked: asked.Asked
    period: Period
    now: int
    which: str
    customer: str

    def link(self, door: str = "show", /, **other: str | None) -> str:
        """The address of the same question, with these arguments in place of its own."""
        own = {**self.asked.args, "which": self.which or None, "customer": self.customer or None}
        values: dict[str, Any] = {**own, **other}
        return url_for(f"sessions.{door}", project=self.place.project.key, **values)

    @property
    def chosen(self) -> Chosen:
        """The sessions that are meant."""
        customer = int(self.customer) if self.customer else None
        ledger, project = services().ledger, self.place.project.id
        identities = [] if customer is None else ledger.identities_of(project, [customer])
        given: dict[str, Any] = {**self.asked.segment, **WHICH[self.which][1]}
        return Chosen(**given, customer=customer, identities=identities)


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """The numbers of a period, and one page of its sessions."""
    question, cursor = _question(place), request.args.get("cursor")
    given, work, chosen, routes = services(), services().work(), question.chosen, _routes(place)
    of = given.events.asked_for(work), place.project.id, question.period
    of_period, of_chosen = ("choices of sessions", of[2]), ("sessions", of[2], chosen, cursor, routes)
    frame: dict[str, Any] = {"question": question, "which": WHICH}

    def numbers() -> dict[str, Any]:
        return {
            "found": summary(*of, chosen=chosen),
            "page": listed(*of, chosen=chosen, cursor=cursor, most=MOST, routes=routes),
        }

    def compute() -> dict[str, Any]:
        offered = given.answers.under(of[0], of[1], of_period, lambda: choices(*of))
        return {"choices": offered, **given.answers.under(of[0], of[1], of_chosen, numbers)}

    def draw(found: dict[str, Any]) -> str:
        return render_template(REPORT.page, **frame, cursor=cursor, **found)

    known = given.answers.known(given.events, of[1], of_period)
    return shown(compute, draw, owner=place.user.id, work=work, spot=REPORT, **frame, choices=known)


@pages.get("/sessions.csv")
@needs("viewer")
def csv(place: Place) -> ResponseReturnValue:
    """All sessions of the list as a file."""
    question = _question(place)
    given = services()
    rows = every(
        given.events.asked_for(given.work()),
        place.project.id,
        question.period,
        chosen=question.chosen,
        routes=_routes(place),
    )
    return exports.csv_file("sessions", exports.sessions(rows))


def _routes(place: Place) -> Routes:
    return confirmed(services().engine, place.project.id)


def _question(place: Place) -> Question:
    now, zone = services().moment(place.project.id), place.project.zone
    frame = asked.read_now(request.args, zone, now=now)
    period = parse_period(frame.start, frame.end, zone, now=now)
    which, customer = request.args.get("which", ""), request.args.get("customer", "")
    is_number = customer.isdecimal() and len(customer) < 20 and int(customer) < 2**63
    return Question(place, frame, period, now, which if which in WHICH else "", customer if is_number else "")
