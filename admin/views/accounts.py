"""Accounts: the list of all, and the page of one with its members and how far they came."""

from __future__ import annotations

from itertools import chain

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from admin import exports
from admin.access import Place, needs
from admin.services import services
from journeys import accounts
from journeys.routes import confirmed
from store.journeys import live_journeys

pages = Blueprint("accounts", __name__, url_prefix="/p/<project>/accounts")
MOST = 50


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """Accounts found by id or trait; without a text, those told of last."""
    text = request.args.get("q", "").strip()[:200]
    given, cursor = services(), request.args.get("cursor")
    found = accounts.accounts(
        given.events, place.project.id, text, now=given.clock(), cursor=cursor, most=MOST
    )
    return render_template("accounts/list.html", text=text, found=found, cursor=cursor)


@pages.get("/accounts.csv")
@needs("viewer")
def csv(place: Place) -> ResponseReturnValue:
    """All that are found as a file."""
    given, text = services(), request.args.get("q", "").strip()[:200]
    events = given.events.asked_for(given.work())
    rows = accounts.every_found(events, place.project.id, text, now=given.clock())
    return exports.csv_file("accounts", exports.accounts(rows))


@pages.get("/one")
@needs("viewer")
def one(place: Place) -> ResponseReturnValue:
    """One account, named by `id`: its traits, its members, and how far they came in each journey."""
    given, key = services(), request.args.get("id", "")
    seen = accounts.account(
        given.events,
        given.ledger,
        place.project.id,
        key,
        versions=live_journeys(given.engine, place.project.id),
        cursor=request.args.get("cursor"),
        most=MOST,
        routes=confirmed(given.engine, place.project.id),
    )
    if seen is None:
        abort(404)
    traits = accounts.history(given.events, place.project.id, key)
    return render_template("accounts/one.html", seen=seen, traits=traits, cursor=request.args.get("cursor"))


@pages.get("/members.csv")
@needs("viewer")
def members_csv(place: Place) -> ResponseReturnValue:
    """All members of one account, named by `id`, as a file."""
    given, key = services(), request.args.get("id", "")
    events, routes = given.events.asked_for(given.work()), confirmed(given.engine, place.project.id)
    rows = accounts.every_member(events, given.ledger, place.project.id, key, routes=routes)
    if (first := next(rows, None)) is None:
        abort(404)
    return exports.csv_file("members", exports.members(chain([first], rows)))
