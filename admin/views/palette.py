"""The palette: a few letters lead to a page, a journey, a segment or a customer."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.navigation import open_to
from admin.services import services
from journeys.customers import of_id, search
from store.journeys import live_journeys
from store.segments import saved_segments
from store.words import tell
from store.work import Work, WorkEnded

pages = Blueprint("palette", __name__, url_prefix="/p/<project>/palette")
MOST = 12
LEAST = 2  # letters for which customers are looked up
MOST_CUSTOMERS = 5
SECONDS = 2  # that each question about customers may take: nobody waits here for longer

Way = tuple[str, str, str, str]  # icon, name, what it is, address


@pages.get("")
@needs("viewer")
def find(place: Place) -> ResponseReturnValue:
    """What these letters may mean, as a part of the page."""
    text = request.args.get("q", "").strip()[:200]
    ways = [*_journeys(place), *_pages(place), *_segments(place)]
    found = [way for way in ways if text.lower() in way[1].lower()][:MOST]
    if text:
        where = url_for("customers.show", project=place.project.key, q=text)
        found.append(("users", f"“{text}”", tell("search customers"), where))
    exact = _exactly(place, text)
    return render_template("palette/found.html", found=found, exact=exact, text=text, least=LEAST)


@pages.get("/customers")
@needs("viewer")
def customers(place: Place) -> ResponseReturnValue:
    """A few customers with this id, its start, or a trait that contains it; none where that takes long.

    One that the list has already is left out.
    """
    given, text = services(), request.args.get("q", "").strip()[:200]
    found: list[dict[str, Any]] = []
    if len(text) >= LEAST:
        events = given.events.asked_for(Work(limit_s=SECONDS))
        with suppress(WorkEnded):
            found = search(
                events, given.ledger, place.project.id, text, now=given.clock(), most=MOST_CUSTOMERS
            )["customers"]
    others = [one for one in found if one["customer"] != request.args.get("but")]
    return render_template("palette/customers.html", customers=others)


def _exactly(place: Place, text: str) -> list[dict[str, Any]]:
    """The customer of this very id, if there is one and it is found at once: the first of the list."""
    if len(text) < LEAST:
        return []
    given = services()
    found = None
    with suppress(WorkEnded):
        events = given.events.asked_for(Work(limit_s=SECONDS))
        found = of_id(events, given.ledger, place.project.id, text)
    return [found] if found else []


def _journeys(place: Place) -> list[Way]:
    key = place.project.key
    return [
        (
            "route",
            str(one.definition["name"]),
            tell("journey"),
            url_for("journey.funnel", project=key, key=one.definition["key"]),
        )
        for one in live_journeys(services().engine, place.project.id)
    ]


def _pages(place: Place) -> list[Way]:
    key = place.project.key
    found = [
        (one.picture, tell(one.name), tell("page"), url_for(one.endpoint, project=key))
        for one in open_to(place)
    ]
    return [*found, ("user-circle", tell("Your account"), tell("page"), url_for("me.show", project=key))]


def _segments(place: Place) -> list[Way]:
    where = url_for("segments.edit", project=place.project.key)
    return [
        ("filter", str(one.definition["name"]), tell("segment"), f"{where}?key={one.key}")
        for one in saved_segments(services().engine, place.project.id)
        if place.may("editor")
    ]
