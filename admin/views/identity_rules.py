"""Identity rules: which ids make one customer; what a change would do, and how far its application is."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import joining, rows
from admin.access import SEVERAL, Place, did, needs
from admin.data_rules import RulesInvalid
from admin.deeds import deed
from admin.long_reports import Spot, shown
from admin.seen import RulesChanged, opened_with
from admin.services import services
from store.identity.previews import RulesPreview
from store.identity.refusals import nodes_of
from store.identity.regrouping import regrouping_of
from store.rules import ProjectRules, rules_of
from store.words import tell

PREVIEW = Spot("identity_rules/page.html", "identity_rules/preview.html", "preview", "#preview", "#preview")
# Of a form that cannot be previewed the whole page comes, which marks its fields.
WHOLE = {"HX-Retarget": "#main", "HX-Reselect": "#main > *", "HX-Reswap": "innerHTML show:window:top"}

pages = Blueprint("identity_rules", __name__, url_prefix="/p/<project>/settings/rules/identity")


class Previewed(NamedTuple):
    """Rules as they were sent, which the form may have left since, and what they would change."""

    rules: ProjectRules
    preview: RulesPreview


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """The identity rules as they are."""
    return _page(place, joining.as_form(rules_of(services().engine, place.project.id)))


@pages.get("/progress")
@needs("admin")
def progress(place: Place) -> ResponseReturnValue:
    """How far the application of changed rules is."""
    found = regrouping_of(services().engine, place.project.id)
    return render_template("identity_rules/progress.html", regrouping=found)


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
        if given.waiting.of(request.form.get("work", ""), place.user.id):  # writes on while it is waited for
            return _preview(place, data, None)
        if request.form.get("work"):
            return render_template(PREVIEW.part, gaps=error.problems)
        return _page(place, data, problems=error.problems), 422, WHOLE
    if do == "preview":
        return _preview(place, data, rules)
    if request.form.get("previewed") != joining.stamp(rules):
        return _page(place, data, is_to_preview=True)
    try:
        joining.apply(given, place.project, rules, by=place.user.email, seen=request.form.get("seen", ""))
    except RulesChanged as error:
        return _page(place, data, conflict=str(error)), 409
    did(place, deed("changed the identity rules"))
    flash(tell("The rules are kept. They are being applied to all that is known."))
    return redirect(url_for("identity_rules.show", project=place.project.key))


def _preview(place: Place, data: dict[str, Any], rules: ProjectRules | None) -> ResponseReturnValue:
    """What the rules would change, in its place on the page; with the page where no script asks.

    None where it is computed already, of the rules that were sent then.
    """
    given, work, part = services(), services().work(), bool(request.headers.get("HX-Request"))

    def compute() -> Previewed:
        assert rules
        return Previewed(rules, joining.preview(given, place.project.id, rules, work))

    def draw(looked_at: Previewed) -> str:
        found = looked_at.preview
        nodes = [node for one in found.examples for node in (one.before, one.after)]
        told = {
            "preview": found,
            "told": joining.told(found),
            "names": nodes_of(given.engine, place.project.id, nodes),
            "previewed": joining.stamp(looked_at.rules),
        }
        return render_template(PREVIEW.part if part else PREVIEW.page, **_frame(place, data) | told)

    frame = _frame(place, data)
    return shown(compute, draw, owner=place.user.id, work=work, spot=PREVIEW, **frame)


def _page(place: Place, data: dict[str, Any], **more: Any) -> str:
    return render_template(PREVIEW.page, **_frame(place, data, **more))


def _frame(
    place: Place,
    data: dict[str, Any],
    *,
    problems: dict[str, str] | None = None,
    focus: str = "",
    conflict: str = "",
    is_to_preview: bool = False,
) -> dict[str, Any]:
    """All that the page shows."""
    engine, project = services().engine, place.project.id
    return {
        "rules": data,
        "problems": problems or {},
        "focus": focus,
        **opened_with(request.form, joining.shown(rules_of(engine, project)), conflict),
        "is_to_preview": is_to_preview,
        "regrouping": regrouping_of(engine, project),
    }
