"""LISTEN: a request becomes a stored event."""

from __future__ import annotations

from flask import Flask

from collector.door import Door
from collector.errors import answer_errors_in_json
from collector.health import health_room
from collector.keys import add_cors
from collector.script import script_room
from collector.tracking import tracking_room

__all__ = ["Door", "create_app"]


def create_app(services: Door) -> Flask:
    """The web application that takes events in; it answers in JSON only, and never with a redirect."""
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # merging is done by a redirect, which costs clients their body or key
    app.register_blueprint(tracking_room(services))
    app.register_blueprint(health_room(services))
    app.register_blueprint(script_room(services))
    app.after_request(add_cors)
    answer_errors_in_json(app)
    return app
