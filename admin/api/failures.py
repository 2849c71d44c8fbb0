"""Every failure of the API in the one JSON shape: success, code, message and, where there is one, field."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from admin.api.endpoint import Refused
from admin.failures import BAD_QUESTIONS
from admin.seen import DefinitionChanged, RulesChanged
from journeys.definition_schema import problems_of
from journeys.definitions import DefinitionError
from journeys.scope import NoSuchJourney
from store.event_errors import EventStoreError, NotEnoughMemory
from store.work import WorkEnded

CHANGED = (
    "this has changed since you read it, or is gone: read it again at its own address, and send the version "
    "that stands now (of a journey, that of the first of its versions), or none to save it whatever stands"
)


def add_to(room: Blueprint) -> None:
    """Install the handlers, and an answer for paths that do not exist."""
    room.register_error_handler(Refused, lambda e: shape(e.status, e.code, e.message, e.field))
    room.register_error_handler(ValidationError, _invalid)
    room.register_error_handler(DefinitionError, _invalid)
    room.register_error_handler(NoSuchJourney, lambda e: shape(404, "not_found", str(e)))
    room.register_error_handler(RulesChanged, lambda e: shape(409, "rules_changed", str(e), "version"))
    room.register_error_handler(DefinitionChanged, lambda _: shape(409, "changed", CHANGED, "version"))
    room.register_error_handler(EventStoreError, lambda e: shape(503, "event_store", str(e)))
    room.register_error_handler(NotEnoughMemory, lambda e: shape(503, "not_enough_memory", str(e)))
    room.register_error_handler(WorkEnded, lambda e: shape(503, "took_too_long", str(e)))
    room.register_error_handler(HTTPException, _http)
    for kind in BAD_QUESTIONS:
        room.register_error_handler(kind, lambda e: shape(400, "bad_question", str(e)))
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    room.add_url_rule("/<path:unknown>", "unknown", _unknown, methods=methods)


def shape(status: int, code: str, message: str, field: str = "") -> ResponseReturnValue:
    """The one JSON error shape."""
    body = {"success": False, "code": code, "message": message}
    return jsonify({**body, "field": field} if field else body), status


def _unknown(unknown: str) -> ResponseReturnValue:
    return shape(404, "not_found", f"there is no /api/{unknown}; see /api/docs")


def _invalid(error: ValidationError | DefinitionError) -> ResponseReturnValue:
    problems = error.problems if isinstance(error, DefinitionError) else problems_of(error)
    field, text = next(iter(problems.items()))
    body = {"success": False, "code": "invalid", "message": text, "field": field, "problems": problems}
    return jsonify(body), 400


def _http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, RequestEntityTooLarge):
        error.description = f"send at most {current_app.config['MAX_CONTENT_LENGTH']:,} bytes in one request"
    return shape(error.code or 500, error.name.lower().replace(" ", "_"), error.description or error.name)
