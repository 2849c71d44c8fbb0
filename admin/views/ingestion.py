"""Health: what became of everything that was sent, what was lost on the way, and what robots sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from admin import asked, exports, pictures
from admin.access import Place, needs
from admin.formats import duration
from admin.long_reports import WHOLE_PAGE, Spot, shown
from admin.refusals import some_days
from admin.services import Services, services
from journeys.arrivals import loss as measure_loss
from journeys.arrivals import robots as find_robots
from journeys.client_loss import client_loss
from journeys.intake import intake
from journeys.period import Period, parse_period
from store import disk
from store.client_health import REASONS
from store.disk import Room
from store.projects import Project
from store.vitals import InboxState, inbox_state
from store.words import tell
from store.work import Work

pages = Blueprint("ingestion", __name__, url_prefix="/p/<project>/live")
PRESETS = (1, 7, 30)
LATE_S = 300  # a request that waits longer is a sign that no worker keeps up
LOSS = Spot(page="ingestion/loss_page.html", id="loss", target="#loss", select="#loss")
SOON_S = 86_400  # a disk that is full in less needs somebody


@pages.get("/health")
@needs("viewer")
def health(place: Place) -> ResponseReturnValue:
    """Counts by hour, reason, library and service, and how inbox and disk stand."""
    given, frame = services(), _frame(place)
    period = _period(place, frame)
    answer = intake(given.engine, place.project.id, period, place.project.zone, now=given.clock())
    inbox, room = inbox_state(given.engine, given.settings, now=given.clock()), disk.room(given.settings)
    return render_template(
        "ingestion/health.html",
        asked=frame,
        presets=PRESETS,
        answer=answer,
        clients=client_loss(given.engine, place.project.id, period, now=given.clock()),
        meanings=REASONS,
        came=pictures.came(answer, place.project.zone),
        refused=pictures.refused(answer, place.project.zone),
        remarkable=pictures.remarkable(answer, place.project.zone),
        inbox=inbox,
        disk=room,
        troubles=_troubles(inbox, room),
        days=some_days(frame.start, frame.through),
    )


@pages.get("/health/loss")
@needs("viewer")
def loss(place: Place) -> ResponseReturnValue:
    """The table of losses, which takes longer and is fetched when the page stands; else a page of its own."""
    frame, part = _frame(place), request.headers.get("HX-Request")
    period, given, work = _period(place, frame), services(), services().work()
    more: dict[str, Any] = {"asked": frame, "presets": PRESETS}

    def draw(answer: dict[str, Any]) -> str:
        page = "ingestion/loss_part.html" if part else "ingestion/loss_page.html"
        return render_template(page, answer=answer, **more)

    return shown(
        partial(_loss, given, place.project, period, work),
        draw,
        owner=place.user.id,
        work=work,
        spot=LOSS,
        **more,
    )


@pages.get("/robots")
@needs("viewer")
def robots(place: Place) -> ResponseReturnValue:
    """Who was taken for a robot, and why."""
    given, frame, work = services(), _frame(place), services().work()
    period = _period(place, frame)
    counts = intake(given.engine, place.project.id, period, place.project.zone, now=given.clock())

    def draw(answer: dict[str, Any]) -> str:
        return render_template(
            "ingestion/robots.html",
            asked=frame,
            presets=PRESETS,
            answer=answer,
            picture=pictures.robots(counts, place.project.zone),
            unit=counts["unit"],
        )

    find: Callable[[], dict[str, Any]] = partial(_robots, given, place.project, period, work)
    return shown(find, draw, owner=place.user.id, work=work, spot=WHOLE_PAGE, section="robots")


@pages.get("/health/<tab>.csv")
@needs("viewer")
def csv(place: Place, tab: str) -> ResponseReturnValue:
    """One of the tables as a file."""
    given, period = services(), _period(place, _frame(place))
    match tab:
        case "loss":
            table = exports.loss(_loss(given, place.project, period, given.work()))
        case "services":
            counted = client_loss(given.engine, place.project.id, period, now=given.clock())
            table = exports.client_loss(counted)
        case "robots":
            table = exports.robots(_robots(given, place.project, period, given.work()))
        case "times" | "libraries" | "reasons":
            counts = intake(given.engine, place.project.id, period, place.project.zone, now=given.clock())
            table = exports.intake(counts, tab)
        case _:
            abort(404)
    return exports.csv_file(f"{place.project.key}-{tab}", table)


def _frame(place: Place) -> asked.Asked:
    """The last seven days, unless the address asks for others."""
    given = request.args.to_dict()
    if not {"days", "from", "through"} & given.keys():
        given["days"] = "7"
    return asked.read_now(given, place.project.zone, now=services().clock())


def _troubles(inbox: InboxState, room: Room | None) -> list[str]:
    """What somebody should look after now, in sentences."""
    found = []
    if inbox.waiting >= inbox.limit:
        found.append(tell("The inbox is full: the collector answers 503, and clients try again later."))
    if inbox.waiting and inbox.oldest_seconds >= LATE_S:
        waited = duration(inbox.oldest_seconds)
        found.append(
            tell(
                "The oldest request has waited for %(waited)s. See that a worker runs and keeps up.",
                waited=waited,
            )
        )
    if room and room.free_bytes < room.reserve_bytes:
        found.append(tell("The disk is full up to its reserve: the collector answers 503. Make room."))
    elif room and room.full_in_seconds is not None and room.full_in_seconds < SOON_S:
        found.append(
            tell(
                "If it goes on so, the disk is full in %(full_in_seconds)s. Make room.",
                full_in_seconds=duration(room.full_in_seconds),
            )
        )
    return found


def _period(place: Place, frame: asked.Asked) -> Period:
    return parse_period(frame.start, frame.end, place.project.zone, now=services().clock())


def _loss(given: Services, project: Project, period: Period, work: Work) -> dict[str, Any]:
    return measure_loss(given.events.asked_for(work), given.engine, project.id, period, now=given.clock())


def _robots(given: Services, project: Project, period: Period, work: Work) -> dict[str, Any]:
    return find_robots(given.events.asked_for(work), project.id, period, now=given.clock())
