"""From one project to another."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from admin.access import find_place, to_sign_in
from admin.login import signed_in

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
