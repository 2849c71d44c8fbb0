"""Customers: the search, and the page of one with its identities and timeline."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import portrait
from admin.access import Place, needs
from admin.services import services
from journeys.customers import search

pages = Blueprint("customers", __name__, url_prefix="/p/<project>/customers")


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """Customers found by id or trait; without a text, those seen last."""
    given, text = services(), request.args.get("q", "").strip()[:200]
    found = search(given.events, given.ledger, place.project.id, text, now=given.clock())
    return render_template("customers/search.html", text=text, found=found)


@pages.get("/<int:customer>")
@needs("viewer")
def one(place: Place, customer: int) -> ResponseReturnValue:
    """Who a customer is and what happened."""
    if customer >= 2**63:
        abort(404)
    seen = portrait.of(services(), place.project.id, customer, before=request.args.get("before"))
    if seen is None:
        abort(404)
    part = "customers/visits.html" if request.headers.get("HX-Target") == "older" else "customers/one.html"
    return render_template(part, customer=str(customer), seen=seen)


@pages.post("/<int:customer>/unmerge")
@needs("editor")
def unmerge(place: Place, customer: int) -> ResponseReturnValue:
    """Part two identities that were taken for one customer, and bring their runs up to date."""
    given = services()
    a, b = request.form.get("a", type=int), request.form.get("b", type=int)
    if a is None or b is None or not 0 <= min(a, b) <= max(a, b) < 2**63:
        abort(400)
    changed = given.ledger.unmerge(place.project.id, a, b, now=given.clock())
    if changed:
        given.refresh(place.project.id, changed)
    flash("The two identities are parted." if changed else "These identities were parted already.")
    return redirect(url_for("customers.one", project=place.project.key, customer=customer))
