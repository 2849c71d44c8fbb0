"""The one JSON error shape, for everything that the collector refuses or cannot find."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from store.inbox import InboxUnavailable

log = logging.getLogger("waywiser.collector")

RETRY_AFTER_SECONDS = 5


class Refusal(Exception):
    """A request that is not taken, with a sentence for the person who sent it."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


def later(status: int, code: str, message: str) -> Refusal:
    """A refusal of what may be sent again in some seconds."""
    return Refusal(status, code, message, retry_after=RETRY_AFTER_SECONDS)


def json_answer(status: int, body: Any) -> Response:
    """An answer with this body as JSON."""
    return Response(msgspec.json.encode(body), status, content_type="application/json")


def error_answer(status: int, code: str, message: str) -> Response:
    """The error shape. Some clients look for `code` and `message` at the top and else resend for ever."""
    return json_answer(status, {"success": False, "code": code, "message": message})


def answer_to(error: Exception) -> Response | None:
    """The answer to an error that is expected: a refusal, or a store that keeps nothing now."""
    if isinstance(error, Refusal):
        return refused(error)
    return unavailable(error) if isinstance(error, InboxUnavailable | SQLAlchemyError) else None


def answer_errors_in_json(app: Flask) -> None:
    """Give every failure of the application the one shape."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(InboxUnavailable, unavailable)
    app.register_error_handler(SQLAlchemyError, unavailable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def refused(refusal: Refusal) -> Response:
    """The answer to a request that is not taken."""
    answer = error_answer(refusal.status, refusal.code, refusal.message)
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def unavailable(error: Exception) -> Response:
    """The answer where a store keeps nothing now; the cause stands in the log, as it may name hosts."""
    log.warning("the inbox cannot keep events: %s", error)
    message = "the collector cannot keep events at the moment; send them again later"
    return refused(later(503, "unavailable", message))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code = error.name.lower().replace(" ", "_")
    answer = error_answer(status, code, SENTENCES.get(status) or error.description or error.name)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    message = "the collector made a mistake; it is logged, and the events were not kept"
    return error_answer(500, "internal_error", message)


SENTENCES = {
    400: "the request could not be read to its end",
    404: "there is nothing here; events go to POST /v1/batch",
    405: "this address takes another method; events are sent with POST",
}
