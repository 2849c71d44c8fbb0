"""Saved segments: the list with how many belong to each, and the form of one with its size and its YAML."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import asked, draft_edits
from admin.access import LOOKS, SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.draft import Draft
from admin.formats import sentence
from admin.long_reports import Spot, shown
from admin.made_keys import free_key
from admin.seen import TO_ITS_TOP, Check, DefinitionChanged, only_new, only_over, opened_with, says
from admin.segment_draft import LISTS, empty, from_definition, from_form, new_item, placed, to_definition
from admin.segment_sizes import draft_size, runs_of, size_of
from admin.services import services
from journeys.definition_schema import OPERATORS
from journeys.definitions import DefinitionError
from journeys.scope import Scope
from journeys.segment_definitions import (
    DEEPEST,
    STATES,
    SegmentDefinition,
    parse_segment,
    parse_segment_yaml,
    segment_yaml,
)
from journeys.segment_saving import check_segment, keep_segment
from journeys.segments import ATTRIBUTES, SegmentError
from store.journeys import live_journeys
from store.segments import (
    TooManySegments,
    delete_segment,
    every_definition,
    restore_segment,
    saved_segment,
    saved_segments,
)
from store.words import tell
from store.work import Work

DAYS = 30
DRAWN = {"HX-Trigger-After-Settle": "segment-drawn"}  # what stands beside the form is asked anew
BESIDE = Spot(
    "segments/beside.html", "segments/beside.html", *("beside-size", "#beside-size", "#beside-size")
)
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
        now=services().clock(),
    )


@pages.get("/size/<key>")
@needs("viewer")
def count(place: Place, key: str) -> ResponseReturnValue:
    """How many runs and customers of a journey belong to a segment, as a part of its line in the list."""
    journey, work = request.args.get("journey", ""), services().work()
    scope = _runs_of(place, journey, work)
    told = {"key": key, "journey": journey, "days": DAYS}

    def compute() -> dict[str, Any]:
        try:
            return {"size": size_of(scope, key)}
        except SegmentError as error:
            return {"problem": str(error)}

    def draw(found: dict[str, Any]) -> str:
        return render_template("segments/size.html", **told, **found)

    here = f"size-{key}"
    spot = Spot("waiting.html", "segments/counting_size.html", here, f"#{here}", f"#{here}")
    return shown(compute, draw, owner=place.user.id, work=work, spot=spot, section="segments")


@pages.get("/edit")
@needs("editor")
def edit(place: Place) -> ResponseReturnValue:
    """The form of a segment, or an empty one."""
    key = request.args.get("key", "")
    if not key:
        return _form(place, "", empty())
    found = saved_segment(services().engine, place.project.id, key)
    if found is None:
        abort(404)
    return _form(place, key, from_definition(found.definition))


@pages.post("/edit")
@needs("editor", does=SEVERAL)
def change(place: Place) -> ResponseReturnValue:
    """Do what the pressed button says with the form."""
    draft, do = from_form(request.form), request.form.get("do", "check")
    former, yaml = request.form.get("former", ""), request.form.get("yaml", "")
    if do == "import":
        return _imported(place, former, draft, yaml)
    if do == "save":
        return _saved(place, former, draft)
    return _form(place, former, draft, focus=draft_edits.apply(draft, do, lists=LISTS, new=new_item)), DRAWN


@pages.post("/beside")
@needs("editor", does=LOOKS)
def beside(place: Place) -> ResponseReturnValue:
    """What stands beside the form: how many belong to the segment as it is now, and the same as YAML."""
    given, source = services(), _source(place, from_form(request.form))
    journey, work = request.form.get("of", ""), given.work()
    told = {"journey": journey, "yaml": segment_yaml(source), "days": DAYS}

    def draw(found: dict[str, Any]) -> str:
        return render_template("segments/beside.html", **told, **found)

    try:
        segment = parse_segment(
            {**source, "key": source["key"] or "draft", "name": source["name"] or "draft"}
        )
        check_segment(given.engine, given.events, place.project.id, segment)
        scope = _runs_of(place, journey, work) if journey else None
    except DefinitionError as error:
        return draw({"problems": error.problems})
    if scope is None:
        return draw({})
    runs = scope

    def compute() -> dict[str, Any]:
        try:
            return {"size": draft_size(runs, segment)}
        except SegmentError as error:
            return {"problems": {"journey": str(error)}}

    return shown(compute, draw, owner=place.user.id, work=work, spot=BESIDE, **told)


@pages.post("/delete")
@needs("editor", does=deed("deleted the segment %(key)s"))
def delete(place: Place) -> ResponseReturnValue:
    """Delete a segment; the page that follows offers to bring it back."""
    given, key = services(), request.form.get("key", "")
    if not delete_segment(given.engine, place.project.id, key, by=place.user.email, now=given.clock()):
        abort(404)
    return redirect(url_for("segments.show", project=place.project.key, deleted=key))


@pages.post("/restore")
@needs("editor", does=SEVERAL)
def restore(place: Place) -> ResponseReturnValue:
    """Bring a deleted segment back."""
    given, key = services(), request.form.get("key", "")
    try:
        found = restore_segment(given.engine, place.project.id, key, by=place.user.email, now=given.clock())
    except TooManySegments as error:
        flash(sentence(error))
        return redirect(url_for("segments.show", project=place.project.key, deleted=key))
    if not found:
        abort(404)
    did(place, deed("brought the segment %(key)s back"), key=key)
    flash(tell("The segment is back."))
    return redirect(url_for("segments.show", project=place.project.key))


def _runs_of(place: Place, journey: str, work: Work) -> Scope:
    """The runs of a journey's last days."""
    given = services()
    start, _ = asked.last_days(DAYS, place.project.zone, now=given.clock())
    return runs_of(given, place.project, journey, start=start, work=work)


def _imported(place: Place, former: str, draft: Draft, yaml: str) -> ResponseReturnValue:
    try:
        found = from_definition(parse_segment_yaml(yaml).source)
    except DefinitionError as error:
        return _form(place, former, draft, problems={"yaml": str(error)}, yaml=yaml), 422
    return _form(place, former, found | ({"key": former} if former else {})), DRAWN


def _saved(place: Place, former: str, draft: Draft) -> ResponseReturnValue:
    given = services()
    try:
        segment = parse_segment(_source(place, draft))
        keep_segment(
            given.engine,
            given.events,
            place.project.id,
            segment,
            by=place.user.email,
            now=given.clock(),
            check=_careful(segment, former),
        )
    except DefinitionError as error:
        return _form(place, former, draft, problems=placed(error.problems)), 422
    except DefinitionChanged as error:
        return _form(place, former, draft, conflict=str(error)), 409, TO_ITS_TOP
    did(place, deed("saved the segment %(key)s"), key=segment.key)
    flash(
        tell(
            "The segment “%(segment_name)s” is kept. Reports can choose it from now on.",
            segment_name=segment.name,
        )
    )
    target = url_for("segments.show", project=place.project.key)
    return Response(headers={"HX-Redirect": target}) if _is_part() else redirect(target)


def _source(place: Place, draft: Draft) -> dict[str, Any]:
    """What the draft means; a key that is made of its name is one that no other segment has."""
    source = to_definition(draft)
    if draft["key"]:
        return source
    kept = every_definition(services().engine, place.project.id)

    def is_taken(key: str) -> bool:
        return key in kept and not says({**source, "key": key}, kept[key], parse_segment)

    return {**source, "key": free_key(source["key"], is_taken)}


def _careful(segment: SegmentDefinition, former: str) -> Check:
    """A check of what stands: a new segment replaces no other one, a changed one only what was seen.

    Raises DefinitionError where a segment that links name would get another key.
    """
    if former and segment.key != former:
        raise DefinitionError(
            {"key": tell("the key of a saved segment stays as it is: %(former)s", former=former)}
        )
    if former:
        return only_over(segment.source, request.form.get("seen", ""))
    key = repr(segment.key)
    taken = tell("there is a segment %(segment_key)s already; choose another key", segment_key=key)
    return only_new(segment.source, taken)


def _is_part() -> bool:
    """Whether our own script asks, which puts the form alone into the page."""
    return bool(request.headers.get("HX-Request"))


def _form(
    place: Place,
    former: str,
    draft: Draft,
    *,
    problems: dict[str, str] | None = None,
    focus: str = "",
    yaml: str = "",
    conflict: str = "",
) -> str:
    engine: Any = services().engine
    present = saved_segment(engine, place.project.id, former) if former else None
    journeys = {
        one.definition["key"]: one.definition["name"] for one in live_journeys(engine, place.project.id)
    }
    return render_template(
        "segments/form.html" if _is_part() else "segments/edit.html",
        former=former,
        **opened_with(request.form, present.definition if present else {}, conflict),
        draft=draft,
        problems=problems or {},
        focus=focus,
        yaml=yaml,
        journeys=journeys,
        attributes=ATTRIBUTES,
        states=STATES,
        operators=OPERATORS,
        deepest=DEEPEST,
        days=DAYS,
    )
