"""Links that show one report to others: made, shown once, listed with their last use, revoked."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from admin import embedding
from admin.access import Place, needs
from admin.deeds import deed
from admin.failures import BAD_QUESTIONS
from admin.formats import sentence
from admin.services import services
from journeys.reports import BY_NAME
from journeys.scope import NoSuchJourney
from store.embeds import embeds_of, make_embed, revoke_embed
from store.journeys import live_journeys
from store.words import tell

pages = Blueprint("embeds", __name__, url_prefix="/p/<project>/settings/embeds")
MOST_ASKED = 4_000  # characters


@pages.get("")
@needs("editor")
def show(place: Place) -> ResponseReturnValue:
    """The links of the project; the form asks for what the address says."""
    given = request.args.to_dict()
    form = {"journey": given.pop("journey", ""), "report": given.pop("report", "")}
    report = next((one for one in embedding.REPORTS if one.name == form["report"]), None)
    if report is None or not given:
        return _page(place, form, asks=given)
    asks = embedding.reads(report, given, place.project, now=services().clock())
    return _page(place, form, asks=asks, left_out=given.keys() - asks.keys())


@pages.post("")
@needs("editor", does=deed("made a link to the report %(report)s of %(journey)s, for %(days)s days"))
def create(place: Place) -> ResponseReturnValue:
    """Make a link, shown in this answer and never again."""
    given, now, form = services(), services().clock(), request.form
    asks = dict(parse_qsl(form.get("asked", ""))) or {"days": form.get("period", "")}
    report = next((one for one in embedding.REPORTS if one.name == form.get("report")), None)
    origins = tuple(dict.fromkeys(form.get("origins", "").replace(",", " ").split()))
    bad = next((one for one in origins if not embedding.ORIGIN.fullmatch(one)), None)
    if len(form.get("asked", "")) > MOST_ASKED:
        return _page(place, {}, asks={}, problem=tell("That is too long to be kept in a link.")), 422
    if report is None or form.get("days") not in {str(n) for n in embedding.DAYS}:
        return _page(place, form, asks=asks, problem=tell("Choose a report, and one of the times.")), 422
    if bad is not None:
        problem = tell("%(origin)s is no origin: write it as https://shop.example.", origin=repr(bad))
        return _page(place, form, asks=asks, problem=problem), 422
    try:
        kept = embedding.reads(report, asks, place.project, now=now)
        embedding.opened(given, place.project, form.get("journey", ""), report, kept, now=now).shown()
    except (NoSuchJourney, *BAD_QUESTIONS) as error:
        return _page(place, form, asks=asks, problem=sentence(error)), 422
    token = make_embed(
        given.engine,
        place.project.id,
        journey=form["journey"],
        report=report.name,
        asked=kept,
        origins=origins,
        by=place.user.email,
        expires_at=now + int(form["days"]) * embedding.DAY_MS,
        now=now,
    )
    link = given.settings.address + url_for("embedded.show", token=token)
    return _page(place, {}, asks={}, fresh=link)


@pages.post("/<int:number>/revoke")
@needs("editor", does=deed("revoked the link %(number)s to a report"))
def revoke(place: Place, number: int) -> ResponseReturnValue:
    """End a link for good."""
    given = services()
    if not revoke_embed(given.engine, place.project.id, number, now=given.clock()):
        abort(404)
    flash(tell("The link is revoked. Whoever opens it is told so."))
    return redirect(url_for("embeds.show", project=place.project.key))


def _page(
    place: Place,
    form: dict[str, str],
    *,
    asks: dict[str, str],
    left_out: Collection[str] = (),
    fresh: str = "",
    problem: str = "",
) -> str:
    given = services()
    journeys = {
        one.definition["key"]: one.definition["name"] for one in live_journeys(given.engine, place.project.id)
    }
    rows = [
        {
            **row,
            "title": BY_NAME[row["report"]].title,
            "name": journeys.get(row["journey"], row["journey"]),
            "problem": _problem(place, row),
        }
        for row in embeds_of(given.engine, place.project.id)
    ]
    return render_template(
        "settings/embeds.html",
        rows=rows,
        journeys=journeys,
        reports=embedding.REPORTS,
        days=embedding.DAYS,
        form=form,
        asks=asks,
        asked=urlencode(asks),
        left_out=any(name in left_out for name in ("beside", "against", "breakdown")),
        fresh=fresh,
        problem=problem,
        now=given.clock(),
    )


def _problem(place: Place, row: RowMapping) -> str:
    """Why a link that is not over shows nothing: its journey or a segment is gone."""
    given, now = services(), services().clock()
    if row["revoked_at"] or row["expires_at"] <= now:
        return ""
    report = BY_NAME[row["report"]]
    try:
        embedding.opened(given, place.project, row["journey"], report, row["asked"], now=now)
    except (NoSuchJourney, *BAD_QUESTIONS) as error:
        return sentence(error)
    return ""
