"""Customers: the search, and the page of one with its identities and timeline."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from admin import pictures, portrait
from admin.access import Place, needs
from admin.long_reports import Spot, shown
from admin.services import services
from journeys.customers import search
from journeys.period import moment
from journeys.timeline import Wanted

FOUND = Spot(page="customers/search.html", id="found", target="#found", select="#found")
pages = Blueprint("customers", __name__, url_prefix="/p/<project>/customers")


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """Customers found by id or trait; without a text, those seen last."""
    given, text = services(), request.args.get("q", "").strip()[:200]
    cursor = request.args.get("cursor")
    work, now = given.work(), given.clock()
    events = given.events.asked_for(work)

    def compute() -> dict[str, Any]:
        return search(events, given.ledger, place.project.id, text, now=now, cursor=cursor)

    def draw(found: dict[str, Any]) -> str:
        return render_template("customers/search.html", text=text, found=found, cursor=cursor)

    return shown(compute, draw, owner=place.user.id, work=work, spot=FOUND, text=text, cursor=cursor)


@pages.get("/<int:customer>")
@needs("viewer")
def one(place: Place, customer: int) -> ResponseReturnValue:
    """Who a customer is and what happened; older events alone when the page asks for them."""
    if customer >= 2**63:
        abort(404)
    if request.headers.get("HX-Target") == "more-past":
        past = portrait.further_past(services(), place.project, customer)
        return render_template("customers/past_rows.html", past=past)
    asked = {name: request.args.get(name, "") for name in ("before", "kind", "channel")}
    wanted = Wanted(asked["before"], asked["kind"], asked["channel"])
    if request.headers.get("HX-Target") == "older":
        page = portrait.older(services(), place.project, customer, wanted=wanted)
        return render_template("customers/visits.html", customer=str(customer), seen=page)
    asked_at = request.args.get("at", "")
    at = moment(asked_at, place.project.zone) if asked_at else None
    seen = portrait.of(services(), place.project, customer, wanted=wanted, at=at)
    if seen is None:
        abort(404)
    picture = pictures.identities(seen.identities, seen.edges)
    return render_template(
        "customers/one.html", customer=str(customer), seen=seen, at=at, asked_at=asked_at, picture=picture
    )
