"""The pixel, GET /v1/pixel.gif: an event in the address of an image, for mail and pages without script."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from collector.decoding import decoded
from collector.errors import Refusal, json_answer
from collector.query import argument
from collector.reception import Reception
from collector.wire import TYPES

GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
STANDARD_ALPHABET = str.maketrans("-_ ", "+/+")  # a plus that nobody escaped arrives as a blank
MOST_REASON = 300


def pixel_room(reception: Reception) -> Blueprint:
    """The blueprint of the pixel: /pixel.gif, and /pixel/<type> as Segment has it."""
    room = Blueprint("pixel", __name__, url_prefix="/v1")
    room.add_url_rule("/pixel.gif", "pixel", _viewer(reception, None))
    for kind in TYPES:
        room.add_url_rule(f"/pixel/{kind}", kind, _viewer(reception, kind))
    room.after_request(_as_image)
    return room


def _viewer(reception: Reception, kind: str | None) -> Callable[[], Response]:
    def view() -> Response:
        if request.method == "HEAD":  # a look before the picture is fetched counts nothing
            return json_answer(200, {"success": True})
        raw = _data()
        event = decoded(raw)
        event["type"] = kind or event.get("type") or "track"
        body: dict[str, Any] = {"writeKey": event.pop("writeKey", None), "batch": [event]}
        return reception.enter(request, "batch", body, len(raw)).kept().answer()

    return view


def _data() -> bytes:
    """The JSON in `data`: base64 in either alphabet, with or without its padding."""
    text = argument(request, "data").strip().translate(STANDARD_ALPHABET).rstrip("=")
    if not text:
        raise Refusal(400, "missing_data", "`data` must hold an event: JSON, written as base64")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(400, "bad_data", "`data` is no base64; escape it for an address") from None


def _as_image(answer: Response) -> Response:
    """The image in place of the JSON. What that says of a refusal stands in the headers.

    Whoever looks at the mail must see nothing broken, so even a refusal is an image; the status is honest,
    so that proxies do not keep it and whoever tries the pixel out sees why.
    """
    if answer.status_code >= 400:
        refusal = msgspec.json.decode(answer.data)
        answer.headers["X-Error-Code"] = refusal["code"]
        answer.headers["X-Error-Message"] = _for_header(refusal["message"])
    answer.data = GIF
    answer.content_type = "image/gif"
    answer.headers["Cache-Control"] = "no-store, no-cache, must-revalidate, private"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _for_header(message: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() else " " for c in message)[:MOST_REASON]
