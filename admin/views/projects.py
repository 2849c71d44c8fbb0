"""From one project to another; a project is made, renamed and given a time zone."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import project_forms
from admin.access import SEVERAL, Place, did, find_place, needs, to_sign_in
from admin.deeds import deed
from admin.first_run import FormProblems
from admin.login import signed_in
from admin.services import services
from store.words import tell

pages = Blueprint("projects", __name__)


@pages.get("/p")
def go() -> ResponseReturnValue:
    """Go to the journeys of the project that was chosen."""
    user = signed_in()
    if user is None:
        return to_sign_in()
    place = find_place(user, request.args.get("key", ""))
    if place is None:
        abort(404)
    return redirect(url_for("journeys.show", project=place.project.key))


@pages.get("/p/<project>/settings/project")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """The project's name and time zone, the person's other projects, and a form for a new one."""
    return _page(place, {}, {})


@pages.post("/p/<project>/settings/project/name")
@needs("admin", does=deed("called the project %(name)s"))
def rename(place: Place) -> ResponseReturnValue:
    """Give the project another name."""
    try:
        project_forms.rename(services(), place.project, request.form)
    except FormProblems as error:
        return _page(place, request.form.to_dict(), error.problems), 422
    flash(tell("The project has its new name."))
    return redirect(url_for("projects.show", project=place.project.key))


@pages.post("/p/<project>/settings/project/zone")
@needs("admin", does=deed("let the project’s days begin in %(timezone)s"))
def change_zone(place: Place) -> ResponseReturnValue:
    """Let the project's days begin in another time zone."""
    try:
        zone = project_forms.change_zone(services(), place.project, request.form)
    except FormProblems as error:
        return _page(place, request.form.to_dict(), error.problems), 422
    flash(tell("Days begin at midnight in %(zone)s from now on, those of the past too.", zone=zone))
    return redirect(url_for("projects.show", project=place.project.key))


@pages.post("/p/<project>/settings/project/new")
@needs("admin", does=SEVERAL)
def make(place: Place) -> ResponseReturnValue:
    """Make another project, whose admin the person is, and go on to its snippet."""
    try:
        made = project_forms.make(services(), request.form, by=place.user)
    except FormProblems as error:
        return _page(place, request.form.to_dict(), error.problems), 422
    did(place, deed("made the project %(key)s"), key=made.key)
    if there := find_place(place.user, made.key):
        did(there, deed("made this project"))
    return redirect(url_for("install.show", project=made.key))


def _page(place: Place, values: dict[str, str], problems: dict[str, str]) -> str:
    now = {
        "name": place.project.name,
        "timezone": place.project.timezone,
        "new_timezone": place.project.timezone,
    }
    return render_template(
        "settings/project.html", values=now | values, problems=problems, zones=project_forms.zones()
    )
