"""The short way for what is usual: POST /v1/track and its like, without Flask's dispatch.

It runs the same functions and costs a third. For a thread that must not wait it can begin a request, and say
by a receipt when that can be answered. Whatever is not usual, and every mistake, goes the whole way, as if it
had not been here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec
from flask import Request, Response

from collector.counters import Traffic
from collector.errors import answer_to, later, refused, unavailable
from collector.keys import cors_headers
from collector.limits import GZIP_MAGIC, body_of
from collector.reception import Entered, Reception
from collector.tracking import ENDPOINTS
from store.hurry import TakesTime, in_a_hurry, take_time
from store.inbox import InboxUnavailable, Receipt

MOST_BYTES = 256 * 1024
# What can be begun in a hurry: with the slowest contents that were found, it takes some milliseconds.
QUICK_BYTES = 64 * 1024
QUICK_QUERY = 2_048  # characters
KINDS = {f"/v1/{path}": kind for kind in ENDPOINTS for path in (kind, kind[0])}

Answer = tuple[int, list[tuple[str, str]], bytes]


class Begun(NamedTuple):
    """A request that is served but for its wait: `answer` is to be called when the receipt is done."""

    receipt: Receipt | None
    answer: Callable[[], Answer]


class Shortcut:
    """An application, with the short way in front of it."""

    def __init__(self, app: WSGIApplication, reception: Reception, traffic: Traffic) -> None:
        self._app = app
        self._reception = reception
        self._traffic = traffic

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve as WSGI says: wait for whatever is needed."""
        begun = self._begin(environ) if _is_usual(environ, MOST_BYTES) else None
        if begun is None:
            return self._app(environ, start_response)
        status, headers, body = begun.answer()
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def begin(self, environ: WSGIEnvironment) -> Begun | None:
        """Serve as far as goes without any wait; None where a thread that may wait has to serve it."""
        if not (_is_usual(environ, QUICK_BYTES) and len(environ.get("QUERY_STRING", "")) <= QUICK_QUERY):
            return None
        try:
            with in_a_hurry():
                return self._begin(environ)
        except TakesTime:
            environ["wsgi.input"].seek(0)
            return None

    def refuse(self, environ: WSGIEnvironment, status: int, code: str, message: str) -> Answer:
        """The answer to a request whose body the server could not read; it may be sent again."""
        kind = KINDS.get(environ["PATH_INFO"])
        return self._answered(Request(environ), kind, refused(later(status, code, message)))

    def _begin(self, environ: WSGIEnvironment) -> Begun | None:
        """Serve but for the wait for the disk; None after a mistake, with the request as it was."""
        kind = KINDS[environ["PATH_INFO"]]
        raw = _read(environ)
        environ["wsgi.input"] = BytesIO(raw)
        request = Request(environ)
        try:
            if raw.startswith(GZIP_MAGIC):
                take_time()
            entered = self._reception.take(request, kind, body_of(request))
        except Exception as error:
            answer = answer_to(error)
            environ["wsgi.input"].seek(0)
            return Begun(None, partial(self._answered, request, kind, answer)) if answer else None
        return Begun(entered.receipt, partial(self._settled, request, kind, entered))

    def _settled(self, request: Request, kind: str, entered: Entered) -> Answer:
        try:
            status, said = entered.kept()
        except InboxUnavailable as error:
            return self._answered(request, kind, unavailable(error))
        body = msgspec.json.encode(said)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        return self._counted(request, kind, (status, headers, body))

    def _answered(self, request: Request, kind: str | None, answer: Response) -> Answer:
        headers = answer.headers.to_wsgi_list()
        return self._counted(request, kind, (answer.status_code, headers, answer.get_data()))

    def _counted(self, request: Request, kind: str | None, answer: Answer) -> Answer:
        status, headers, body = answer
        self._traffic.answered(f"tracking.{kind}" if kind else "unknown", status)
        return status, [*headers, *cors_headers(request.environ)], body


def _is_usual(environ: WSGIEnvironment, most_bytes: int) -> bool:
    length = environ.get("CONTENT_LENGTH", "")
    return (
        environ["PATH_INFO"] in KINDS
        and environ["REQUEST_METHOD"] == "POST"
        and "HTTP_CONTENT_ENCODING" not in environ
        and length.isascii()
        and length.isdecimal()
        and len(length) < 8
        and int(length) <= most_bytes
    )


def _read(environ: WSGIEnvironment) -> bytes:
    """The body, so that it can be read twice; one that breaks off is too short, and is refused for that."""
    try:
        return environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))  # type: ignore[no-any-return]
    except Exception:  # each server has its own kinds for a sender that goes away
        return b""
