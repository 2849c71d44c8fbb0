"""People of a project and their roles."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import members
from admin.access import Place, needs
from admin.first_run import FormProblems
from admin.services import services
from store.projects import ROLES
from store.users import users_of

pages = Blueprint("people", __name__, url_prefix="/p/<project>/settings/people")


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """Everyone in the project."""
    return _page(place, {}, {})


@pages.post("")
@needs("admin")
def add(place: Place) -> ResponseReturnValue:
    """Make an account for a person and let it into the project."""
    try:
        user = members.add(services(), place.project, request.form)
    except FormProblems as error:
        return _page(place, request.form.to_dict(), error.problems), 422
    flash(f"{user.email} can sign in now.")
    return redirect(url_for("people.show", project=place.project.key))


@pages.post("/<int:user_id>/role")
@needs("admin")
def change_role(place: Place, user_id: int) -> ResponseReturnValue:
    """Give a member another role."""
    try:
        members.change_role(services(), place.project, user_id, request.form.get("role", ""))
    except FormProblems as error:
        return _page(place, {}, error.problems), 422
    flash("The role is changed.")
    return redirect(url_for("people.show", project=place.project.key))


@pages.post("/<int:user_id>/remove")
@needs("admin")
def take_out(place: Place, user_id: int) -> ResponseReturnValue:
    """Take a member out of the project; the account stays."""
    try:
        members.take_out(services(), place.project, user_id)
    except FormProblems as error:
        return _page(place, {}, error.problems), 422
    flash("The person is no longer in this project.")
    return redirect(url_for("people.show", project=place.project.key))


def _page(place: Place, values: dict[str, str], problems: dict[str, str]) -> str:
    people = users_of(services().engine, place.project.id)
    return render_template(
        "settings/people.html", people=people, values=values, problems=problems, roles=ROLES
    )
