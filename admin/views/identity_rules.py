"""Identity rules: which ids make one customer; what a change would do, and how far its application is."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import joining, rows
from admin.access import SEVERAL, Place, did, needs
from admin.data_rules import RulesInvalid
from admin.deeds import deed
from admin.seen import RulesChanged, opened_with
from admin.services import services
from store.identity.refusals import nodes_of
from store.identity.regrouping import regrouping_of
from store.rules import ProjectRules, rules_of
from store.words import tell

pages = Blueprint("identity_rules", __name__, url_prefix="/p/<project>/settings/rules/identity")


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """The identity rules as they are."""
    return _page(place, joining.as_form(rules_of(services().engine, place.project.id)))


@pages.get("/progress")
@needs("admin")
def progress(place: Place) -> ResponseReturnValue:
    """How far the application of changed rules is."""
    job = regrouping_of(services().engine, place.project.id)
    return render_template("identity_rules/progress.html", job=job)


@pages.post("")
@needs("admin", does=SEVERAL)
def change(place: Place) -> ResponseReturnValue:
    """Change the rows of the form, say what the rules would change, or apply what was said."""
    data, do = joining.from_form(request.form), request.form.get("do", "preview")
    if do not in ("preview", "save"):
        empty = dict.fromkeys(joining.TYPE_FIELDS, "")
        return _page(place, data, focus=rows.move(data["identifiers"], "identifiers", do, empty))
    given = services()
    try:
        rules = joining.checked(data, rules_of(given.engine, place.project.id))
    except RulesInvalid as error:
        return _page(place, data, problems=error.problems), 422
    if do == "preview" or request.form.get("previewed") != joining.stamp(rules):
        return _page(place, data, asked=rules)
    try:
        joining.apply(given, place.project, rules, by=place.user.email, seen=request.form.get("seen", ""))
    except RulesChanged as error:
        return _page(place, data, conflict=str(error)), 409
    did(place, deed("changed the identity rules"))
    flash(tell("The rules are kept. They are being applied to all that is known."))
    return redirect(url_for("identity_rules.show", project=place.project.key))


def _page(
    place: Place,
    data: dict[str, Any],
    *,
    problems: dict[str, str] | None = None,
    focus: str = "",
    asked: ProjectRules | None = None,
    conflict: str = "",
) -> str:
    given = services()
    present = joining.shown(rules_of(given.engine, place.project.id))
    preview = joining.preview(given, place.project.id, asked) if asked else None
    names = [node for one in preview.examples for node in (one.before, one.after)] if preview else []
    return render_template(
        "identity_rules/page.html",
        rules=data,
        problems=problems or {},
        focus=focus,
        **opened_with(request.form, present, conflict),
        preview=preview,
        told=joining.told(preview) if preview else "",
        names=nodes_of(given.engine, place.project.id, names),
        previewed=joining.stamp(asked) if asked else "",
        job=regrouping_of(given.engine, place.project.id),
    )
