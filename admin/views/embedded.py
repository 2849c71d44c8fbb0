"""The page of a link: one report without anything around it, for whoever has the link, also in a frame."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template
from flask.typing import ResponseReturnValue

from admin import embedding, pictures, trends
from admin.failures import BAD_QUESTIONS
from admin.headers import framed_by
from admin.services import services
from journeys.reports import BY_NAME
from journeys.scope import NoSuchJourney
from store import embeds
from store.embeds import Embed
from store.words import marked, tell

pages = Blueprint("embedded", __name__, url_prefix="/embed")
OVER = marked("This link has expired or was revoked. Ask whoever gave it to you for a new one.")
GONE = marked("What this link shows is no longer there. Ask whoever gave it to you.")
BUSY = marked("Many are looking at the moment. Please try again in a few seconds.")


@pages.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """The report, or a sentence that says why there is none."""
    given, now = services(), services().clock()
    found = embeds.embed_of(given.engine, token)
    if found is None:
        abort(404)
    framed_by(found.origins)
    if found.is_over(now=now):
        return _said(tell(OVER)), 410
    shelf: embedding.Shelf = current_app.extensions["waywiser_shelf"]
    try:
        opened = _opened(found, now=now)  # whatever is kept, what is gone is told at once
        shown = shelf.of(found.id, opened.shown, now=now)
    except embedding.Busy:
        return _said(tell(BUSY)), 429, {"Retry-After": "5"}
    except (NoSuchJourney, *BAD_QUESTIONS):
        return _said(tell(GONE)), 410
    embeds.note_use(given.engine, found, now=now)
    return render_template(
        f"embed/{found.report}.html",
        shown=shown,
        answer=shown.answer,
        expires_at=found.expires_at,
        pictures=pictures,
        trends=trends,
        no_link=embedding.link_to_nothing,
    )


def _opened(found: Embed, *, now: int) -> embedding.Opened:
    report = BY_NAME[found.report]
    return embedding.opened(services(), found.project, found.journey, report, found.asked, now=now)


def _said(sentence: str) -> str:
    return render_template("embed/said.html", sentence=sentence)
