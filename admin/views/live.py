"""Live: events as they arrive, and refused ones with their reasons, originals and a way back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.refusals import as_lines, page_of, read_asked, told
from admin.services import services
from journeys.routes import confirmed
from journeys.timeline import recent
from store.drops import ReplayWaits

pages = Blueprint("live", __name__, url_prefix="/p/<project>/live")


@pages.get("")
@needs("viewer")
def events(place: Place) -> ResponseReturnValue:
    """The newest events; the list alone when the page asks again."""
    given = services()
    routes = confirmed(given.engine, place.project.id)
    found = recent(given.events, place.project.id, now=given.clock(), routes=routes)
    part = "live/rows.html" if request.headers.get("HX-Request") else "live/events.html"
    return render_template(part, events=found)


@pages.get("/drops")
@needs("viewer")
def drops(place: Place) -> ResponseReturnValue:
    """Refused events by reason, and page by page; with `preview`, what of them would come through now."""
    given = services()
    asked = read_asked(request.args, place.project.zone, now=given.clock())
    report = None
    if "preview" in request.args and place.may("editor"):
        report = given.replay(place.project.id, asked.chosen, True)
    return render_template(
        "live/drops.html",
        **page_of(given.engine, place.project.id, asked),
        report=report,
        result=told(report, dry_run=True) if report else "",
        left=request.args.get("left", 0, type=int),
        keep_days=given.settings.drops_days,
    )


@pages.post("/drops/replay")
@needs("editor", does="ran refused events again")
def replay(place: Place) -> ResponseReturnValue:
    """Run the chosen refused events again, and say what came of it."""
    given = services()
    asked = read_asked(request.form, place.project.zone, now=given.clock())
    where: dict[str, Any] = dict(asked.filters)
    try:
        report = given.replay(place.project.id, asked.chosen, False)
    except ReplayWaits as error:
        flash(f"Nothing was run again: {error}.")
    else:
        flash(told(report, dry_run=False))
        if report.left:
            where |= {"above": report.reached, "left": report.left}
        elif not report.still_refused:
            where.pop("code", None)  # nothing is left of that reason
    return redirect(url_for("live.drops", project=place.project.key, **where))


@pages.get("/drops.jsonl")
@needs("viewer")
def download(place: Place) -> ResponseReturnValue:
    """The chosen refused events as JSON lines, the oldest first; `above` goes on with the next ones."""
    given = services()
    asked = read_asked(request.args, place.project.zone, now=given.clock())
    headers = {"Content-Disposition": f'attachment; filename="refused-events-{place.project.key}.jsonl"'}
    lines = as_lines(given.engine, place.project.id, asked.chosen)
    return Response(lines, mimetype="application/x-ndjson", headers=headers)
