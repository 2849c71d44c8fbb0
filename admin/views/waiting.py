"""Who waits for an answer that takes long can end it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.access import LOOKS, Place, needs
from admin.services import services
from store.work import is_name

pages = Blueprint("waiting", __name__, url_prefix="/p/<project>/waiting")


@pages.post("/cancel")
@needs("viewer", does=LOOKS)
def cancel(place: Place) -> ResponseReturnValue:
    """End what is under way that the person has asked for, in whichever process it is."""
    given, name = services(), request.form.get("work", "")
    if job := given.waiting.of(name, place.user.id):
        given.waiting.cancel(job)
    elif not given.events.embedded and is_name(name):
        given.waiting.cancel_elsewhere(name, given.events)
    if request.form.get("leaving"):  # nobody reads the answer
        return "", HTTPStatus.NO_CONTENT
    if not request.headers.get("HX-Request"):
        return redirect(url_for("journeys.show", project=place.project.key))
    is_elsewhere = not given.events.embedded and given.waiting.is_elsewhere(name)
    told = {"is_cancelled": True, "is_elsewhere": is_elsewhere}
    return render_template("journey/waiting_part.html", job=None, **told)
