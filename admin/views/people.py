"""People of a project and their roles."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import members
from admin.access import Place, needs
from admin.deeds import deed
from admin.first_run import FormProblems
from admin.services import services
from store import invitations
from store.projects import ROLES
from store.users import users_of
from store.words import tell

pages = Blueprint("people", __name__, url_prefix="/p/<project>/settings/people")


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """Everyone in the project."""
    return _page(place, {}, {})


@pages.post("")
@needs("admin", does=deed("invited %(email)s as %(role)s"))
def invite(place: Place) -> ResponseReturnValue:
    """Invite somebody; the link is sent where mail can be, and shown in this answer and never again."""
    given = services()
    try:
        link, is_sent = members.invite(given, place.project, request.form, by=place.user)
    except FormProblems as error:
        return _page(place, request.form.to_dict(), error.problems), 422
    return _page(place, {}, {}, link=link, is_sent=is_sent, to=request.form.get("email", ""))


@pages.post("/invitations/<int:number>/take-back")
@needs("admin", does=deed("took invitation %(number)s back"))
def take_back(place: Place, number: int) -> ResponseReturnValue:
    """Let an invitation's link open nothing any more."""
    given = services()
    if not invitations.take_back(given.engine, place.project.id, number, now=given.clock()):
        abort(404)
    flash(tell("The invitation is taken back: its link opens nothing any more."))
    return redirect(url_for("people.show", project=place.project.key))


@pages.post("/<int:user_id>/role")
@needs("admin", does=deed("gave person %(user_id)s the role %(role)s"))
def change_role(place: Place, user_id: int) -> ResponseReturnValue:
    """Give a member another role."""
    try:
        members.change_role(services(), place.project, user_id, request.form.get("role", ""))
    except FormProblems as error:
        return _page(place, {}, error.problems), 422
    flash(tell("The role is changed."))
    is_still_theirs = user_id != place.user.id or request.form["role"] == "admin"
    page = "people.show" if is_still_theirs else "me.show"  # who gives up being an admin sees this no more
    return redirect(url_for(page, project=place.project.key))


@pages.post("/<int:user_id>/remove")
@needs("admin", does=deed("took person %(user_id)s out of the project"))
def take_out(place: Place, user_id: int) -> ResponseReturnValue:
    """Take a member out of the project; the account stays."""
    try:
        members.take_out(services(), place.project, user_id)
    except FormProblems as error:
        return _page(place, {}, error.problems), 422
    flash(tell("The person is no longer in this project."))
    return redirect(url_for("people.show", project=place.project.key))


def _page(place: Place, values: dict[str, str], problems: dict[str, str], **made: object) -> str:
    given = services()
    return render_template(
        "settings/people.html",
        people=users_of(given.engine, place.project.id),
        invited=invitations.open_invitations(given.engine, place.project.id, now=given.clock()),
        values=values,
        problems=problems,
        roles=ROLES,
        **made,
    )
