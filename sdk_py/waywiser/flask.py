"""For Flask: says in every request who the visitor is, and serves the snippet under a path of your own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, request, request_finished, request_started

from ._client import Client
from ._context import Scope
from ._handled import Handled
from ._upstream import Ask, Upstream
from ._visitor import scope_of
from ._within import Within

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.routing import Rule

STATE = "waywiser.request"
PROXY = "waywiser.proxy"
NO_ANSWER = 500


class Waywiser:
    """The extension. `Waywiser(app)`, or `init_app(app)` later, sets the context of every request.

    In views, templates and everything that they call, `track` and its siblings then need no ids: the
    visitor's anonymous id and session id come from the snippet's cookies, or from the headers
    `X-Waywiser-Anonymous-Id` and `X-Waywiser-Session-Id`; address (as the app trusts it) and user agent come
    along.

    With `request_event`, such as `"Request Handled"`, and the `client` to send it, each request of a known
    visitor is an event with `method`, `route` (the rule, not the path), `status` and `duration_ms`.
    """

    def __init__(
        self, app: Flask | None = None, *, client: Client | None = None, request_event: str | None = None
    ) -> None:
        self._handled = Handled(client, request_event)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set the context of every request of this app. A second extension for it does nothing."""
        if "waywiser" in app.extensions:
            return
        app.extensions["waywiser"] = self
        # By signal, because it comes before all functions that the app itself has for the start of a request.
        request_started.connect(self._begin, app)
        request_finished.connect(self._note, app)
        # Around the whole app, because functions for the end of a request are skipped if another one raises.
        app.wsgi_app = self._around(app.wsgi_app)  # type: ignore[assignment, method-assign]

    def _around(self, inner: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            outer, visit = environ.get(STATE), _Visit(self._handled.begin())
            environ[STATE] = visit
            try:
                return inner(environ, start_response)
            finally:
                environ[STATE] = outer
                self._end(visit, is_passed_on=PROXY in environ)

        return answer

    def _begin(self, _app: Flask, **_: Any) -> None:
        visit = request.environ.get(STATE)
        if visit is not None:
            visit.scope = scope_of(request.headers.get, request.remote_addr)
            visit.scope.__enter__()
            visit.method, visit.endpoint, visit.rule = request.method, request.endpoint, request.url_rule

    def _note(self, _app: Flask, response: Response, **_: Any) -> None:
        visit = request.environ.get(STATE)
        if visit is None or visit.scope is None:
            return
        visit.status = response.status_code
        if response.is_streamed and not response.direct_passthrough:
            response.response = Within(visit.scope, response.response)

    def _end(self, visit: _Visit, is_passed_on: bool) -> None:
        if visit.scope is None:
            return
        if visit.endpoint != "static" and not is_passed_on:
            route = visit.rule.rule if visit.rule else None
            self._handled.finish(visit.began, visit.method, route, visit.status)
        visit.scope.__exit__(None, None, None)


@dataclass
class _Visit:
    """What is known of the request that is under way."""

    began: float
    scope: Scope | None = None
    method: str = ""
    endpoint: str | None = None
    rule: Rule | None = None
    status: int = NO_ANSWER


def proxy(
    host: str, *, name: str = "waywiser", timeout: float = 10.0, max_body: int = 4 * 1024 * 1024
) -> Blueprint:
    """A blueprint that passes the snippet and `/v1/*` on to the collector at `host`, for a path of your own.

    `app.register_blueprint(proxy("https://waywiser.example.com"), url_prefix="/ww")` serves `/ww/w.js`, and
    the snippet then sends to `/ww/v1/batch`. The collector learns the client's address as
    `request.remote_addr` has it; set its `WAYWISER_TRUSTED_PROXIES=1`. Of cookies, only
    the snippet's own are passed on and set.

    - `timeout`: seconds to wait for the collector; then the answer is 503 and the snippet sends again later.
    - `max_body`: bytes that a request may have.

    An app with CSRF protection must exempt the blueprint.
    """
    upstream = Upstream(host, timeout, max_body)
    room = Blueprint(name, __name__)

    def pass_on(path: str) -> Response:
        request.environ[PROXY] = True
        # Read from the stream itself: whoever asks for the form or the data would hold all of it in memory.
        ask = Ask(
            request.method,
            path,
            request.environ.get("QUERY_STRING", ""),
            request.headers.get,
            request.stream.read,
            request.content_length if "CONTENT_LENGTH" in request.environ else None,
            request.remote_addr,
            request.scheme,
        )
        answer = upstream.answer(ask)
        # An empty body would be a length of 0, also where HEAD asks how long it would be.
        response = Response(answer.body or None, answer.status, dict(answer.headers))
        for cookie in answer.cookies:
            response.headers.add("Set-Cookie", cookie)
        return response

    @room.get("/<script>.js")
    def script(script: str) -> Response:
        return pass_on(f"/{script}.js")

    @room.route("/v1/<path:rest>", methods=["GET", "POST", "OPTIONS"])
    def events(rest: str) -> Response:
        return pass_on(f"/v1/{rest}")

    return room
