"""Turns expected failures into pages that say in one sentence what is wrong and what to do."""

from __future__ import annotations

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from admin import access
from admin.formats import sentence
from journeys.cursors import ListError
from journeys.dimensions import DimensionError
from journeys.discovery import DiscoveryError
from journeys.paths import PathError
from journeys.period import PeriodError
from journeys.scope import NoSuchJourney, UnitError
from journeys.segments import SegmentError
from journeys.survival import SurvivalError
from journeys.touchpoints import TouchpointError
from journeys.versions import VersionError
from store.event_errors import EventStoreError, NotEnoughMemory
from store.words import tell
from store.work import WorkEnded

SENTENCES = {
    403: ("Your role does not allow this", "Ask an admin of the project to give you a greater role."),
    404: ("There is no such page", "It may have been moved or deleted, or it belongs to another project."),
    405: ("This page cannot be asked that way", "Go back and try again."),
    413: ("That is too much at once", "Send less than one megabyte."),
}
BAD_QUESTIONS = (
    DimensionError,
    DiscoveryError,
    ListError,
    PathError,
    PeriodError,
    SegmentError,
    SurvivalError,
    TouchpointError,
    UnitError,
    VersionError,
)


def register(app: Flask) -> None:
    """Install the handlers, and what error pages need to show the navigation."""
    app.context_processor(access.context)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(EventStoreError, _store_down)
    app.register_error_handler(NotEnoughMemory, _ended)
    app.register_error_handler(NoSuchJourney, _no_journey)
    app.register_error_handler(WorkEnded, _ended)
    for kind in BAD_QUESTIONS:
        app.register_error_handler(kind, _bad_question)


def page(title: str, text: str, status: int, *, again: str = "") -> ResponseReturnValue:
    """A whole page about one failure; a request of our own script gets the sentence alone.

    `again` is the address of the same page where it can be asked otherwise.
    """
    if request.headers.get("HX-Request"):
        return Response(f"{title}. {text}", status=status, mimetype="text/plain")
    return render_template("failure.html", title=title, text=text, again=again), status


def _refused(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    title, text = map(tell, SENTENCES.get(code, (error.name, error.description or "")))
    return page(title, text, code)


def _stale(_: CSRFError) -> ResponseReturnValue:
    return page(tell("This form is too old"), tell("Reload the page and send it again."), 400)


def _store_down(error: EventStoreError) -> ResponseReturnValue:
    return page(tell("The event store did not answer"), tell("It said: %(error)s", error=error), 503)


def _ended(error: WorkEnded | NotEnoughMemory) -> ResponseReturnValue:
    return page(tell("This was not answered"), sentence(error.said), 503)


def _no_journey(_: NoSuchJourney) -> ResponseReturnValue:
    return page(tell("There is no such journey"), tell("It may have been deleted."), 404)


def _bad_question(error: Exception) -> ResponseReturnValue:
    again = request.path if request.method == "GET" and request.args else ""
    return page(tell("This cannot be asked"), sentence(error), 400, again=again)
