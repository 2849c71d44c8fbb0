"""Customers: the search, and the page of one with its identities and timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from admin import exports, pictures, portrait
from admin.access import Place, needs
from admin.long_reports import WHOLE_PAGE, Spot, shown
from admin.services import services
from journeys.customers import every_found, search, table
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


@pages.get("/customers.csv")
@needs("viewer")
def csv(place: Place) -> ResponseReturnValue:
    """All that are found as a file."""
    given, text = services(), request.args.get("q", "").strip()[:200]
    events = given.events.asked_for(given.work())
    rows = every_found(events, given.ledger, place.project.id, text, now=given.clock())
    return exports.csv_file("customers", table(rows))


@pages.get("/<int:customer>/identities.csv")
@needs("viewer")
def identities_csv(place: Place, customer: int) -> ResponseReturnValue:
    """The ids of a customer and the links between them as a file."""
    if customer >= 2**63:
        abort(404)
    ids, links = portrait.identities_of(services(), place.project, customer)
    if not ids:
        abort(404)
    return exports.csv_file(f"identities-{customer}", exports.identities(ids, links))


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
    given, work = services(), services().work()
    limited = replace(given, events=given.events.asked_for(work))

    def draw(seen: portrait.Portrait | None) -> str:
        if seen is None:
            abort(404)
        picture = pictures.identities(seen.identities, seen.edges)
        shown_at = {"at": at, "asked_at": asked_at}
        return render_template(
            "customers/one.html", customer=str(customer), seen=seen, picture=picture, **shown_at
        )

    return shown(
        lambda: portrait.of(limited, place.project, customer, wanted=wanted, at=at),
        draw,
        owner=place.user.id,
        work=work,
        spot=WHOLE_PAGE,
        section="customers",
    )
