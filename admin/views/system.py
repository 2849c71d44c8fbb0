"""System health: what an examination of the whole installation finds, and checks of a project's runs."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin import upkeep
from admin.access import Place, needs
from admin.deeds import deed
from admin.services import services
from store.checks import SAMPLE
from store.words import tell

pages = Blueprint("system", __name__, url_prefix="/p/<project>/settings/system")


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """What `waywiser doctor` says, of the process that runs."""
    given = services()
    findings = given.checkup()
    bad = [one for one in findings if not one.good]
    runs = upkeep.checks_of(given, place.project.id)
    return render_template(
        "settings/system.html", findings=findings, bad=bad, runs=runs, sample=SAMPLE, now=given.clock()
    )


@pages.post("/check")
@needs("admin", does=deed("asked for a check of the runs of all journeys"))
def check(place: Place) -> ResponseReturnValue:
    """Have a sample of the runs of every journey of the project checked now."""
    given = services()
    n = upkeep.check_all(given, place.project.id, by=place.user.email)
    flash(
        tell("The runs are being checked.") if n else tell("There is no journey whose runs could be checked.")
    )
    return redirect(url_for("system.show", project=place.project.key))
