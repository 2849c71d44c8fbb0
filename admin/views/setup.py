"""First-run set-up: the first account and its project."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.first_run import FormProblems, begin
from admin.login import enter
from admin.project_forms import zones
from admin.services import services
from store.users import count_users

pages = Blueprint("setup", __name__)


@pages.get("/setup")
def show() -> ResponseReturnValue:
    """The form; once there is an account it is closed for good."""
    if count_users(services().engine):
        return redirect(url_for("sign_in.show"))
    return _form({"timezone": "UTC"}, {})


@pages.post("/setup")
def create() -> ResponseReturnValue:
    """Make account and project, sign in, and go on to the snippet."""
    if count_users(services().engine):
        return redirect(url_for("sign_in.show"))
    try:
        user, project = begin(services(), request.form)
    except FormProblems as error:
        return _form(request.form.to_dict(), error.problems), 422
    enter(user)
    return redirect(url_for("install.show", project=project.key))


def _form(values: dict[str, str], problems: dict[str, str]) -> str:
    return render_template("setup/form.html", values=values, problems=problems, zones=zones())
