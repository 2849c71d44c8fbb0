"""Events: every event that was ever seen, and what each carries."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from admin import exports
from admin.access import Place, needs
from admin.long_reports import WHOLE_PAGE, shown
from admin.plan_form import type_name
from admin.services import Services, services
from journeys import catalog
from store.events import EventStore
from store.plans import plan_of
from store.projects import Project

pages = Blueprint("catalog", __name__, url_prefix="/p/<project>/events")
MOST = 1_000  # events on the page
IN_A_FILE = 100_000


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """All events, or those whose name holds what is searched for."""
    wanted, given, work = _wanted(), services(), services().work()
    now = given.clock()

    def draw(listed: list[dict[str, Any]]) -> str:
        return render_template(
            "catalog/page.html",
            found=_named(listed, wanted),
            listed=len(listed),
            wanted=wanted,
            days=catalog.DAYS,
            most=MOST,
            now=now,
        )

    compute = partial(_listed, given, given.events.asked_for(work), place.project, now)
    return shown(compute, draw, owner=place.user.id, work=work, spot=WHOLE_PAGE, section="catalog")


@pages.get("/events.csv")
@needs("viewer")
def csv(place: Place) -> ResponseReturnValue:
    """The same as a file, also what is too rare for the page."""
    given = services()
    events = given.events.asked_for(given.work())
    rows = _listed(given, events, place.project, given.clock(), most=IN_A_FILE)
    return exports.csv_file("events", exports.seen(_named(rows, _wanted())))


@pages.get("/one")
@needs("viewer")
def one(place: Place) -> ResponseReturnValue:
    """One event: its properties in a sample of the last days, and how it broke the plan."""
    given, kind, name = services(), request.args.get("type", "track"), request.args.get("event", "")
    now, work = given.clock(), given.work()
    events, project = given.events.asked_for(work), place.project
    since = now - catalog.DAYS * catalog.DAY_MS

    def compute() -> dict[str, Any] | None:
        rows = _listed(given, events, project, now)
        row = next((row for row in rows if (row["type"], row["event"]) == (kind, name)), None)
        return row and {
            "row": row,
            "properties": catalog.properties(events, project.id, name, kind=kind, since_ms=since),
            "violations": catalog.violations(events, project.id, name, now=now) if row["violations"] else [],
        }

    def draw(found: dict[str, Any] | None) -> str:
        if found is None:
            abort(404)
        return render_template(
            "catalog/one.html",
            type_name=type_name,
            about_people=kind in catalog.ABOUT_PEOPLE,
            days=catalog.DAYS,
            sample=catalog.SAMPLE,
            now=now,
            **found,
        )

    return shown(compute, draw, owner=place.user.id, work=work, spot=WHOLE_PAGE, section="catalog")


@pages.get("/one.csv")
@needs("viewer")
def one_csv(place: Place) -> ResponseReturnValue:
    """What an event carried, as a file."""
    given, kind, name = services(), request.args.get("type", "track"), request.args.get("event", "")
    since, events = given.clock() - catalog.DAYS * catalog.DAY_MS, given.events.asked_for(given.work())
    found = catalog.properties(events, place.project.id, name, kind=kind, since_ms=since)
    return exports.csv_file("event-carries", exports.carried(found))


def _wanted() -> str:
    return request.args.get("q", "").strip()


def _named(rows: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Those of whose name it is a part."""
    return [row for row in rows if wanted.lower() in row["label"].lower()]


def _listed(
    given: Services, events: EventStore, project: Project, now: int, *, most: int = MOST
) -> list[dict[str, Any]]:
    planned = {one.event for one in plan_of(given.engine, project.id)}
    return catalog.listed(events, project.id, planned, now=now, most=most)
