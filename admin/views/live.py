"""Live: events as they arrive, and drops with their reasons and originals."""

from __future__ import annotations

import json

import msgspec
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.services import services
from journeys.timeline import recent
from store.drops import drops_by_code, recent_drops

pages = Blueprint("live", __name__, url_prefix="/p/<project>/live")


@pages.get("")
@needs("viewer")
def events(place: Place) -> ResponseReturnValue:
    """The newest events; the list alone when the page asks again."""
    given = services()
    found = recent(given.events, place.project.id, now=given.clock())
    part = "live/rows.html" if request.headers.get("HX-Request") else "live/events.html"
    return render_template(part, events=found)


@pages.get("/drops")
@needs("viewer")
def drops(place: Place) -> ResponseReturnValue:
    """Refused events that wait, by reason."""
    engine, code = services().engine, request.args.get("code") or None
    rows = [
        {**row, "original": _pretty(row["original"])}
        for row in recent_drops(engine, place.project.id, code=code)
    ]
    return render_template(
        "live/drops.html", drops=rows, codes=drops_by_code(engine, place.project.id), code=code
    )


def _pretty(original: bytes) -> str:
    try:
        return json.dumps(msgspec.json.decode(original), indent=2, ensure_ascii=False)
    except msgspec.DecodeError:
        return original.decode("utf-8", "replace")
