"""The audit log: who changed what, when and from where."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.deeds import retold
from admin.exports import audit_log, csv_file
from admin.services import services
from store import audit

pages = Blueprint("log", __name__, url_prefix="/p/<project>/settings/log")
AT_ONCE = 100


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """The newest lines, of one person where one is chosen."""
    engine, by, before = services().engine, request.args.get("by", ""), _before()
    lines = audit.lines(engine, place.project.id, by=by, before=before, limit=AT_ONCE + 1)
    more = lines[AT_ONCE - 1]["id"] if len(lines) > AT_ONCE else None
    people = audit.people(engine, place.project.id)
    return render_template(
        "settings/log.html",
        lines=lines[:AT_ONCE],
        retold=retold,
        by=by,
        people=people,
        next=more,
        cursor=before,
    )


@pages.get("/audit.csv")
@needs("admin")
def download(place: Place) -> ResponseReturnValue:
    """The log as a file; of a very long one the newest lines."""
    return csv_file(f"{place.project.key}-audit", audit_log(services().engine, place.project.id))


def _before() -> int | None:
    text = request.args.get("cursor", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
