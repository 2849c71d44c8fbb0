"""LISTEN: a request becomes a stored event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request

from collector.compatibility import compatibility_room
from collector.cookie import cookie_room
from collector.door import Door
from collector.errors import answer_errors_in_json
from collector.health import health_room
from collector.keys import add_cors
from collector.metrics import count_answers, metrics_room
from collector.openapi import openapi_room
from collector.pixel import pixel_room
from collector.reception import Reception
from collector.script import script_room
from collector.shortcut import Shortcut
from collector.tracking import tracking_room

__all__ = ["Door", "Shortcut", "create_app"]


def create_app(services: Door) -> Flask:
    """The web application that takes events in; it answers in JSON only, and never with a redirect.

    Its `wsgi_app` is a Shortcut.
    """
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # merging is done by a redirect, which costs clients their body or key
    reception = Reception(services)
    app.register_blueprint(tracking_room(reception))
    app.register_blueprint(pixel_room(reception))
    app.register_blueprint(openapi_room())
    app.register_blueprint(compatibility_room(reception, services.settings))
    app.register_blueprint(cookie_room(reception, services.settings))
    app.register_blueprint(health_room(services))
    app.register_blueprint(metrics_room(services))
    app.register_blueprint(script_room(services))
    app.after_request(lambda answer: add_cors(request, answer))
    count_answers(app, services.traffic)
    answer_errors_in_json(app)
    app.wsgi_app = Shortcut(_with_single_slashes(app.wsgi_app), reception, services.traffic)  # type: ignore[method-assign]
    return app


def _with_single_slashes(app: WSGIApplication) -> WSGIApplication:
    """Read `//v1/batch` as `/v1/batch`: clients whose host was given with a slash at its end send that."""

    def tidy(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "//" in environ["PATH_INFO"]:
            environ["PATH_INFO"] = re.sub("/{2,}", "/", environ["PATH_INFO"])
        return app(environ, start_response)

    return tidy
