"""The tracking endpoints, POST /v1/…: from a request to an envelope on disk."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from collector.errors import json_answer
from collector.limits import body_of
from collector.reception import Reception
from collector.wire import TYPES

ENDPOINTS = (*TYPES, "batch")


def tracking_room(reception: Reception) -> Blueprint:
    """The blueprint of the tracking API. Browser libraries call each endpoint by its first letter."""
    room = Blueprint("tracking", __name__, url_prefix="/v1")
    for kind in ENDPOINTS:
        receive = receiver(reception, kind)
        room.add_url_rule(f"/{kind}", kind, receive, methods=["POST"])
        room.add_url_rule(f"/{kind[0]}", kind, receive, methods=["POST"])
    room.add_url_rule("/import", "import", receiver(reception, "batch", history=True), methods=["POST"])

    @room.post("/m")
    def metrics() -> Response:
        """What libraries measure of themselves is welcome, and not kept."""
        return json_answer(200, {"success": True})

    return room


def receiver(reception: Reception, kind: str, *, history: bool = False) -> Callable[[], Response]:
    """The view of an endpoint that takes events of this kind in the body of a request."""

    def receive() -> Response:
        return reception.take(request, kind, body_of(request), history=history).kept().answer()

    return receive
