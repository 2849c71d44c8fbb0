"""System health: what an examination of the whole installation finds, for admins."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from admin.access import Place, needs
from admin.services import services

pages = Blueprint("system", __name__, url_prefix="/p/<project>/settings/system")


@pages.get("")
@needs("admin")
def show(_place: Place) -> ResponseReturnValue:
    """What `waywiser doctor` says, of the process that runs."""
    given = services()
    findings = given.checkup()
    bad = [one for one in findings if not one.good]
    return render_template("settings/system.html", findings=findings, bad=bad, now=given.clock())
