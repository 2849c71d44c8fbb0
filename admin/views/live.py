"""Live: events as they arrive, and refused ones with their reasons, originals and a way back."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import exports
from admin.access import Place, needs
from admin.deeds import deed
from admin.refusals import as_lines, as_table, page_of, read_asked, told
from admin.services import services
from journeys import live
from journeys.period import LAST_MS
from journeys.routes import confirmed
from store.drops import ReplayWaits
from store.words import tell

pages = Blueprint("live", __name__, url_prefix="/p/<project>/live")


@pages.get("")
@needs("viewer")
def events(place: Place) -> ResponseReturnValue:
    """The newest events, or those of a choice; the list alone when the page asks again."""
    given, wanted = services(), _wanted()
    routes = confirmed(given.engine, place.project.id)
    now = given.clock()
    found = live.newest(given.events, place.project.id, wanted, now=now, routes=routes)
    if request.headers.get("HX-Request"):
        return render_template("live/rows.html", events=found, wanted=wanted)
    return render_template(
        "live/events.html",
        events=found,
        wanted=wanted,
        args=_args(wanted),
        types=live.TYPES,
        broken=live.broken(given.events, place.project.id, now=now),
    )


@pages.get("/event")
@needs("viewer")
def event(place: Place) -> ResponseReturnValue:
    """One event: what it said beside what was made of it."""
    given, args = services(), request.args
    received = args.get("received", 0, type=int)
    if not (0 < received < LAST_MS and re.fullmatch("[0-9a-f]{32}", args.get("id", ""))):
        abort(404)
    routes = confirmed(given.engine, place.project.id)
    found = live.one(given.events, place.project.id, args["id"], received, routes=routes)
    if found is None:
        abort(404)
    sent = json.dumps(found["sent"], indent=2, ensure_ascii=False)
    return render_template("live/event.html", event=found, sent=sent, keep_days=given.settings.drops_days)


def _wanted() -> live.Wanted:
    """The choice in the address."""
    args = request.args
    kind = args.get("type", "")
    texts = {name: args.get(name, "").strip()[:200] for name in ("event", "source", "customer")}
    return live.Wanted(kind if kind in live.TYPES else "", **texts, broken=args.get("plan") == "broken")


def _args(wanted: live.Wanted) -> dict[str, str]:
    """The address arguments of a choice."""
    told = {"type": wanted.kind, "event": wanted.event, "source": wanted.source, "customer": wanted.customer}
    return {name: one for name, one in told.items() if one} | ({"plan": "broken"} if wanted.broken else {})


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
@needs("editor", does=deed("ran refused events again"))
def replay(place: Place) -> ResponseReturnValue:
    """Run the chosen refused events again, and say what came of it."""
    given = services()
    asked = read_asked(request.form, place.project.zone, now=given.clock())
    where: dict[str, Any] = dict(asked.filters)
    try:
        report = given.replay(place.project.id, asked.chosen, False)
    except ReplayWaits as error:
        flash(tell("Nothing was run again: %(error)s.", error=error))
    else:
        flash(told(report, dry_run=False))
        if report.left:
            where |= {"above": report.reached, "left": report.left}
        elif not report.still_refused:
            where.pop("code", None)  # nothing is left of that reason
    return redirect(url_for("live.drops", project=place.project.key, **where))


@pages.get("/drops.csv")
@needs("viewer")
def csv(place: Place) -> ResponseReturnValue:
    """The chosen refused events as a table, the oldest first."""
    given = services()
    asked = read_asked(request.args, place.project.zone, now=given.clock())
    rows = as_table(given.engine, place.project.id, asked.chosen)
    return exports.csv_file(f"refused-events-{place.project.key}", rows)


@pages.get("/drops.jsonl")
@needs("viewer")
def download(place: Place) -> ResponseReturnValue:
    """The chosen refused events as JSON lines, the oldest first; `above` goes on with the next ones."""
    given = services()
    asked = read_asked(request.args, place.project.zone, now=given.clock())
    headers = {"Content-Disposition": f'attachment; filename="refused-events-{place.project.key}.jsonl"'}
    lines = as_lines(given.engine, place.project.id, asked.chosen)
    return Response(lines, mimetype="application/x-ndjson", headers=headers)
