"""The list of a project's journeys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import asked, exports, overview, trends
from admin.access import SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.formats import sentence
from admin.glance import Glance, glance
from admin.long_reports import WHOLE_PAGE, Spot, shown
from admin.services import services
from journeys.definitions import DefinitionError, parse
from journeys.overview import arrived_by_minute
from journeys.period import iso, parse_period
from journeys.saving import save_journey
from journeys.scope import Scope, open_scope
from journeys.timeline import latest
from store.journeys import live_journey, versions_of
from store.words import tell

pages = Blueprint("journeys", __name__)


@pages.get("/p/<project>/journeys")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """Every journey as a card, for the period in the address."""
    given, now, work = services(), services().moment(place.project.id), services().work()
    frame = asked.read(request.args, place.project.zone, now=now)
    period = parse_period(frame.start, frame.end, place.project.zone, now=now)
    limited, order = replace(given, events=given.events.asked_for(work)), request.args.get("order", "")
    deleted = _deleted(place)

    def compute() -> tuple[list[overview.Card], bool]:
        cards = overview.cards(limited, place.project, period, now=now, order=order)
        return cards, bool(cards) or latest(limited.events, place.project.id)["n"] > 0

    def draw(found: tuple[list[overview.Card], bool]) -> str:
        cards, has_events = found
        return render_template(
            "journeys/page.html",
            cards=cards,
            asked=frame,
            has_events=has_events,
            orders=overview.ORDERS,
            now=now,
            deleted=deleted,
        )

    return shown(compute, draw, owner=place.user.id, work=work, spot=WHOLE_PAGE, section="journeys")


def _deleted(place: Place) -> str:
    """The key of the journey that was deleted a moment ago; '' where none was, or it is back."""
    key, engine = request.args.get("deleted", ""), services().engine
    is_gone = key and live_journey(engine, place.project.id, key) is None
    return key if is_gone and versions_of(engine, place.project.id, key) else ""


@pages.post("/p/<project>/journeys/restore")
@needs("editor", does=SEVERAL)
def restore(place: Place) -> ResponseReturnValue:
    """Bring a deleted journey back as it was; its runs are counted anew."""
    given, key = services(), request.form.get("key", "")
    versions = versions_of(given.engine, place.project.id, key)
    if not versions or live_journey(given.engine, place.project.id, key):
        abort(404)
    try:
        definition = parse(versions[0].definition)
        save_journey(given.engine, place.project.id, definition, by=place.user.email, now=given.clock())
    except DefinitionError as error:
        flash(sentence(error))
        return redirect(url_for("journeys.show", project=place.project.key, deleted=key))
    given.refill()
    did(place, deed("brought the journey %(key)s back"), key=key)
    flash(tell("The journey is back. Its runs are counted anew."))
    return redirect(url_for("journey.definition", project=place.project.key, key=key))


@pages.get("/p/<project>/journeys/<key>/glance")
@needs("viewer")
def see(place: Place, key: str) -> ResponseReturnValue:
    """What a card adds once it is seen: the line of its rate, and what changed, as a part of the page."""
    given, now = services(), services().moment(place.project.id)
    frame = asked.read(request.args, place.project.zone, now=now)
    work = given.work()
    scope = open_scope(
        given.engine,
        given.events.asked_for(work),
        place.project,
        key,
        start=frame.start,
        end=frame.end,
        now=now,
        answers=given.answers,
    )

    days = {name: value for name, value in frame.args.items() if name in ("days", "from", "through")}

    def within(start: str, through: str) -> str:
        period: dict[str, Any] = {"from": start, "through": through}
        return url_for("journey.funnel", project=place.project.key, key=key, **period)

    def draw(found: tuple[Glance, Scope]) -> str:  # maybe what an earlier request has begun
        seen, scope = found
        parts = trends.rows({"parts": seen.parts, "by": seen.by}, scope, within)
        return render_template(
            "journeys/glance.html",
            seen=seen,
            key=key,
            asked=frame,
            name=scope.definition.name,
            parts=parts,
            days=days,
            now=iso(scope.now),
        )

    spot = _part(f"glance-{key}", "journeys/glance_counting.html")
    return shown(
        lambda: (glance(scope), scope),
        draw,
        owner=place.user.id,
        work=work,
        spot=spot,
        section="journeys",
        key=key,
    )


@pages.get("/p/<project>/journeys-pulse")
@needs("viewer")
def pulse(place: Place) -> ResponseReturnValue:
    """Events of the last minutes and what was refused, as a part of the page that asks again."""
    given, work = services(), services().work()
    limited, now = replace(given, events=given.events.asked_for(work)), given.clock()

    def draw(found: tuple[overview.Pulse, int]) -> str:  # maybe what an earlier request has begun
        return render_template("journeys/pulse.html", pulse=found[0], now=found[1])

    return shown(
        lambda: (overview.pulse(limited, place.project, now=now), now),
        draw,
        owner=place.user.id,
        work=work,
        spot=_part("pulse", "journeys/pulse_counting.html"),
        section="journeys",
    )


@pages.get("/p/<project>/journeys-pulse.csv")
@needs("viewer")
def pulse_csv(place: Place) -> ResponseReturnValue:
    """The events of the last minutes as a file."""
    given = services()
    events = given.events.asked_for(given.work())
    table = exports.minutes(arrived_by_minute(events, place.project.id, now=given.clock()))
    return exports.csv_file(f"{place.project.key}-minutes", table)


def _part(name: str, counting: str) -> Spot:
    """Where a part of the overview stands, which is `counting` until it comes."""
    return Spot("waiting.html", counting, name, f"#{name}", f"#{name}")
