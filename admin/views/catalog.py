"""Events: every event that was ever seen, and what each carries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.plan_form import type_name
from admin.services import services
from journeys import catalog
from store.plans import plan_of

pages = Blueprint("catalog", __name__, url_prefix="/p/<project>/events")
MOST = 1_000  # events on the page


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """All events, or those whose name holds what is searched for."""
    wanted = request.args.get("q", "").strip()
    now = services().clock()
    listed = _listed(place, now)
    found = [row for row in listed if wanted.lower() in row["label"].lower()]
    return render_template(
        "catalog/page.html",
        found=found,
        listed=len(listed),
        wanted=wanted,
        days=catalog.DAYS,
        most=MOST,
        now=now,
    )


@pages.get("/one")
@needs("viewer")
def one(place: Place) -> ResponseReturnValue:
    """One event: its properties in a sample of the last days, and how it broke the plan."""
    given, kind, name = services(), request.args.get("type", "track"), request.args.get("event", "")
    now = given.clock()
    row = next((row for row in _listed(place, now) if (row["type"], row["event"]) == (kind, name)), None)
    if row is None:
        abort(404)
    since = now - catalog.DAYS * catalog.DAY_MS
    return render_template(
        "catalog/one.html",
        row=row,
        properties=catalog.properties(given.events, place.project.id, name, kind=kind, since_ms=since),
        violations=catalog.violations(given.events, place.project.id, name, now=now)
        if row["violations"]
        else [],
        type_name=type_name,
        about_people=kind in catalog.ABOUT_PEOPLE,
        days=catalog.DAYS,
        sample=catalog.SAMPLE,
        now=now,
    )


def _listed(place: Place, now: int) -> list[dict[str, Any]]:
    given = services()
    planned = {one.event for one in plan_of(given.engine, place.project.id)}
    return catalog.listed(given.events, place.project.id, planned, now=now, most=MOST)
