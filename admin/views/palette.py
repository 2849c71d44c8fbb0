"""The palette: a few letters lead to a page, a journey, a segment or customers."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.navigation import open_to
from admin.services import services
from store.journeys import live_journeys
from store.segments import saved_segments
from store.words import tell

pages = Blueprint("palette", __name__, url_prefix="/p/<project>/palette")
MOST = 12

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
    return render_template("palette/found.html", found=found)


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
