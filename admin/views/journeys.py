"""The list of a project's journeys."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from admin import asked, overview
from admin.access import Place, needs
from admin.services import services
from journeys.period import parse_period
from journeys.timeline import latest

pages = Blueprint("journeys", __name__)


@pages.get("/p/<project>/journeys")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """Every journey as a card, for the period in the address."""
    given, now = services(), services().clock()
    frame = asked.read(request.args, place.project.zone, now=now)
    period = parse_period(frame.start, frame.end, place.project.zone, now=now)
    cards = overview.cards(given, place.project, period, now=now)
    has_events = bool(cards) or latest(given.events, place.project.id)["n"] > 0
    return render_template("journeys/page.html", cards=cards, asked=frame, has_events=has_events)
