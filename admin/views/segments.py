"""Saved segments: the list with how many belong to each, and the editor of one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import asked
from admin.access import SEVERAL, Place, did, needs
from admin.services import services
from journeys.comparison import size
from journeys.definitions import DefinitionError
from journeys.scope import open_scope
from journeys.segment_definitions import SegmentDefinition, parse_segment_yaml, segment_yaml
from journeys.segment_saving import keep_segment
from journeys.segments import SegmentError
from store.journeys import live_journeys
from store.segments import (
    TooManySegments,
    delete_segment,
    restore_segment,
    saved_segment,
    saved_segments,
)

DAYS = 30
BEGUN = """key: came-back
name: Came back by mail
description: Looked at prices before, and began by a mail or newsletter
all:
  - {field: medium, op: in, value: [email, newsletter]}
  - {did: {page: /pricing*}, at_least: 1, before: 30d}
"""

pages = Blueprint("segments", __name__, url_prefix="/p/<project>/segments")


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """The saved segments; how many belong to each is counted of one journey."""
    engine, project = services().engine, place.project.id
    journeys = {one.definition["key"]: one.definition["name"] for one in live_journeys(engine, project)}
    journey = request.args.get("journey", "")
    return render_template(
        "segments/page.html",
        segments=saved_segments(engine, project),
        journeys=journeys,
        journey=journey if journey in journeys else next(iter(journeys), ""),
        days=DAYS,
    )


@pages.get("/size/<key>")
@needs("viewer")
def count(place: Place, key: str) -> ResponseReturnValue:
    """How many runs and customers of a journey belong to a segment, as a part of its line in the list."""
    given, journey = services(), request.args.get("journey", "")
    now = given.clock()
    start, _ = asked.last_days(DAYS, place.project.zone, now=now)
    scope = open_scope(given.engine, given.events, place.project, journey, start=start, now=now)
    try:
        return render_template(
            "segments/size.html", key=key, journey=journey, size=size(scope, key), days=DAYS
        )
    except SegmentError as error:
        return render_template("segments/size.html", problem=str(error))


@pages.get("/edit")
@needs("editor")
def edit(place: Place) -> ResponseReturnValue:
    """The text of a segment, or an example for a new one."""
    key = request.args.get("key", "")
    if not key:
        return _form(place, "", BEGUN)
    found = saved_segment(services().engine, place.project.id, key)
    if found is None:
        abort(404)
    return _form(place, key, segment_yaml(found.definition))


@pages.post("/edit")
@needs("editor", does=SEVERAL)
def change(place: Place) -> ResponseReturnValue:
    """Keep the segment."""
    given, text, former = services(), request.form.get("text", ""), request.form.get("former", "")
    try:
        segment = parse_segment_yaml(text)
        _key_is_free(place, segment, former)
        keep_segment(
            given.engine,
            given.events,
            place.project.id,
            segment,
            by=place.user.email,
            now=given.clock(),
        )
    except DefinitionError as error:
        return _form(place, former, text, problems=error.problems), 422
    did(place, f"saved the segment {segment.key}")
    flash(f"The segment “{segment.name}” is kept. Reports can choose it from now on.")
    return redirect(url_for("segments.show", project=place.project.key))


@pages.post("/delete")
@needs("editor", does="deleted the segment {key}")
def delete(place: Place) -> ResponseReturnValue:
    """Delete a segment; the page that follows offers to bring it back."""
    given, key = services(), request.form.get("key", "")
    if not delete_segment(given.engine, place.project.id, key, by=place.user.email, now=given.clock()):
        abort(404)
    return redirect(url_for("segments.show", project=place.project.key, deleted=key))


@pages.post("/restore")
@needs("editor", does="brought the segment {key} back")
def restore(place: Place) -> ResponseReturnValue:
    """Bring a deleted segment back."""
    given, key = services(), request.form.get("key", "")
    try:
        found = restore_segment(given.engine, place.project.id, key, by=place.user.email, now=given.clock())
    except TooManySegments as error:
        flash(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    else:
        if not found:
            abort(404)
        flash("The segment is back.")
    return redirect(url_for("segments.show", project=place.project.key))


def _key_is_free(place: Place, segment: SegmentDefinition, former: str) -> None:
    """Raise DefinitionError where saving would replace another segment, or rename one that links name."""
    if former and segment.key != former:
        raise DefinitionError({"key": f"the key of a saved segment stays as it is: {former}"})
    if not former and saved_segment(services().engine, place.project.id, segment.key):
        raise DefinitionError({"key": f"there is a segment {segment.key!r} already; choose another key"})


def _form(place: Place, former: str, text: str, *, problems: dict[str, str] | None = None) -> str:
    engine: Any = services().engine
    return render_template(
        "segments/edit.html",
        former=former,
        text=text,
        problems=problems or {},
        journeys=[one.definition["key"] for one in live_journeys(engine, place.project.id)],
    )
