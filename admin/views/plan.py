"""The tracking plan: planned events with what became of them, the editor of one, import and export."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import plan_files, plan_form, rows
from admin.access import SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.long_reports import WHOLE_PAGE, shown
from admin.plan_form import PlanForm
from admin.services import Services, services
from journeys import catalog
from store.events import EventStore
from store.plans import (
    PlanError,
    PlannedEvent,
    plan_of,
    planned_event,
    remove_event,
    replace_plan,
    save_event,
)
from store.rules import rules_of
from store.words import ngettext, tell

pages = Blueprint("plan", __name__, url_prefix="/p/<project>/plan")


@pages.get("")
@needs("viewer")
def show(place: Place) -> ResponseReturnValue:
    """Planned events and how they do, and events that are not planned."""
    work = services().work()
    compute = partial(_seen, services(), services().events.asked_for(work), place.project.id)
    return shown(
        compute, partial(_page, place), owner=place.user.id, work=work, spot=WHOLE_PAGE, section="plan"
    )


@pages.get("/event")
@needs("editor")
def edit(place: Place) -> ResponseReturnValue:
    """The form of a planned event; with `seen`, one drafted from what that event carried."""
    name, seen = request.args.get("event", ""), request.args.get("seen", "")
    if seen and planned_event(services().engine, place.project.id, seen):
        return redirect(url_for("plan.edit", project=place.project.key, event=seen))
    if not name:
        return _form(place, plan_form.from_planned(_drafted(place, seen)))
    planned = planned_event(services().engine, place.project.id, name)
    if planned is None:
        abort(404)
    return _form(place, plan_form.from_planned(planned, former=name))


@pages.post("/event")
@needs("editor", does=SEVERAL)
def change(place: Place) -> ResponseReturnValue:
    """Do what the pressed button says with the form."""
    form, do = plan_form.from_form(request.form), request.form.get("do", "save")
    given, focus = services(), ""
    try:
        if do == "raw":
            form.raw = plan_form.written(form.schema())
        elif do == "rows":
            form = _as_rows(form)
        elif do == "save":
            _name_is_free(place, form)
            save_event(given.engine, place.project.id, form.planned(), former=form.former, now=given.clock())
            did(place, deed("planned the event %(event)s"), event=form.event)
            flash(
                tell(
                    "%(event)s is planned. Events that arrive from now on are held against it.",
                    event=form.event,
                )
            )
            return redirect(url_for("plan.show", project=place.project.key))
        else:
            focus = rows.move(form.rows, "rows", do, plan_form.EMPTY)
    except PlanError as error:
        return _form(place, form, problem=error.message), 422
    return _form(place, form, focus=focus)


@pages.post("/remove")
@needs("editor", does=deed("removed the event %(event)s from the tracking plan"))
def remove(place: Place) -> ResponseReturnValue:
    """Take an event out of the plan."""
    name = request.form.get("event", "")
    if not remove_event(services().engine, place.project.id, name):
        abort(404)
    flash(tell("%(event)s is no longer planned. Its events stay.", event=name))
    return redirect(url_for("plan.show", project=place.project.key))


@pages.get("/plan.yaml")
@needs("viewer")
def export(place: Place) -> ResponseReturnValue:
    """The plan as a file."""
    text = plan_files.as_yaml(plan_of(services().engine, place.project.id))
    headers = {"Content-Disposition": f'attachment; filename="{place.project.key}-plan.yaml"'}
    return Response(text, content_type="application/yaml; charset=utf-8", headers=headers)


@pages.post("/import")
@needs("editor", does=deed("replaced the tracking plan"))
def bring(place: Place) -> ResponseReturnValue:
    """Put the plan of a file in place of the present one."""
    given, text = services(), request.form.get("text", "")
    try:
        plan = plan_files.from_text(text)
        replace_plan(given.engine, place.project.id, plan, now=given.clock())
    except PlanError as error:
        seen = _seen(given, given.events, place.project.id)
        return _page(place, seen, text=text, problem=str(error)), 422
    flash(ngettext("The plan now holds %(num)s event.", "The plan now holds %(num)s events.", len(plan)))
    return redirect(url_for("plan.show", project=place.project.key))


def _drafted(place: Place, seen: str) -> PlannedEvent:
    """A first plan for an event, from a sample of the last days."""
    if not seen:
        return PlannedEvent(event="", schema=plan_form.to_schema([plan_form.EMPTY], others=True))
    given = services()
    since = given.clock() - catalog.DAYS * catalog.DAY_MS
    found = catalog.properties(given.events, place.project.id, seen, since_ms=since)
    return PlannedEvent(event=seen, schema=catalog.drafted(found))


def _name_is_free(place: Place, form: PlanForm) -> None:
    """Raise PlanError where saving would replace the plan of another event, which nobody has looked at."""
    if form.event != form.former and planned_event(services().engine, place.project.id, form.event):
        raise PlanError(
            tell("%(event)s is planned already; open it in the tracking plan to change it", event=form.event)
        )


def _as_rows(form: PlanForm) -> PlanForm:
    """The form with rows in place of the raw schema; raises PlanError where they cannot say the same."""
    schema = form.schema()
    if not plan_form.can_be_rows(schema):
        raise PlanError(
            tell("rows cannot say all that this schema says; keep it as it is, or make it simpler")
        )
    planned = PlannedEvent(event=form.event, description=form.description, schema=schema)
    return plan_form.from_planned(planned, former=form.former)


def _seen(given: Services, events: EventStore, project: int) -> dict[str, dict[str, Any]]:
    """What was tracked, by the event's name."""
    planned = {one.event for one in plan_of(given.engine, project)}
    found = catalog.listed(events, project, planned, now=given.clock())
    return {row["event"]: row for row in found if row["type"] == "track"}


def _page(place: Place, tracked: dict[str, dict[str, Any]], *, text: str = "", problem: str = "") -> str:
    given = services()
    plan = plan_of(given.engine, place.project.id)
    names = {one.event for one in plan}
    return render_template(
        "plan/page.html",
        plan=plan,
        seen=tracked,
        unplanned=[row for row in tracked.values() if row["event"] not in names],
        broken=sum(1 for name in names if name in tracked and tracked[name]["violations"]),
        unseen=len(names - tracked.keys()),
        rules=rules_of(given.engine, place.project.id),
        days=catalog.DAYS,
        text=text,
        problem=problem,
    )


def _form(place: Place, form: PlanForm, *, problem: str = "", focus: str = "") -> str:
    given: Any = services()
    known = form.former or form.event
    found = catalog.violations(given.events, place.project.id, known, now=given.clock()) if known else []
    return render_template(
        "plan/event.html",
        form=form,
        types=plan_form.TYPES,
        type_name=plan_form.type_name,
        violations=found,
        days=catalog.DAYS,
        problem=problem,
        focus=focus,
    )
