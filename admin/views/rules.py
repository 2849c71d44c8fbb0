"""Data rules: cookieless mode, what becomes of events that break the plan, own channels, kept parameters."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import data_rules, rows
from admin.access import SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.long_reports import Spot, shown
from admin.seen import RulesChanged, opened_with, unless_changed
from admin.services import services
from journeys.generations import counting
from journeys.recount import changed_by
from journeys.saving import RulesRefused, change_rules, longer_journeys
from store.plans import plan_of
from store.rules import rules_of
from store.words import marked, tell

KEPT = marked(
    "The rules are kept. They hold for events that arrive from now on, after some seconds; where the limits "
    "of sessions were changed, all sessions are counted anew."
)

CHANGES = Spot(
    *("rules/page.html", "rules/sessions_part.html", "session-changes"),
    *("#session-changes", "#session-changes"),
)
LOOK = "sessions:preview"
pages = Blueprint("rules", __name__, url_prefix="/p/<project>/settings/rules")


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """The rules as they are."""
    return _page(place, data_rules.shown(rules_of(services().engine, place.project.id)))


@pages.post("")
@needs("admin", does=SEVERAL)
def change(place: Place) -> ResponseReturnValue:
    """Keep the rules, or change the rows of the form."""
    data, do = data_rules.from_form(request.form), request.form.get("do", "save")
    if do == LOOK:
        return _preview(place, data)
    if do != "save":
        empty = dict.fromkeys(data_rules.CHANNEL_FIELDS, "")
        return _page(place, data, focus=rows.move(data["channels"], "channels", do, empty))
    data["channels"] = [row for row in data["channels"] if any(row.values())]
    given = services()
    try:
        alter = unless_changed(
            lambda kept: data_rules.checked(data, kept), data_rules.shown, request.form.get("seen", "")
        )
        change_rules(given.engine, place.project.id, alter, now=given.clock())
    except RulesChanged as error:
        return _page(place, data, conflict=str(error)), 409
    except data_rules.RulesInvalid as error:
        return _page(place, data, problems=error.problems), 422
    except RulesRefused as error:
        return _page(place, data, problems={"cookieless": str(error)}), 422
    did(place, deed("changed the data rules"))
    flash(tell(KEPT))
    return redirect(url_for("rules.show", project=place.project.key))


def _preview(place: Place, data: dict[str, Any]) -> ResponseReturnValue:
    """What the limits in the form would make of the sessions; nothing is kept yet."""
    given, work, part = services(), services().work(), bool(request.headers.get("HX-Request"))
    limited = given.events.asked_for(work)

    def draw(changes: dict[str, Any]) -> str:
        if part:
            return render_template(CHANGES.part, changes=changes)
        return _page(place, data, focus=LOOK, changes=changes)

    try:
        rules = data_rules.checked(data, rules_of(given.engine, place.project.id))
    except data_rules.RulesInvalid as error:
        if part:
            return render_template(CHANGES.part, gaps=error.problems)
        return _page(place, data, problems=error.problems), 422
    return shown(
        lambda: changed_by(limited, place.project.id, rules),
        draw,
        owner=place.user.id,
        work=work,
        spot=CHANGES,
        **_frame(place, data, focus=LOOK),
    )


def _page(place: Place, data: dict[str, Any], **more: Any) -> str:
    return render_template(CHANGES.page, **_frame(place, data, **more))


def _frame(
    place: Place,
    data: dict[str, Any],
    *,
    problems: dict[str, str] | None = None,
    focus: str = "",
    changes: dict[str, Any] | None = None,
    conflict: str = "",
) -> dict[str, Any]:
    """All that the page shows."""
    engine = services().engine
    present = data_rules.shown(rules_of(engine, place.project.id))
    return {
        "rules": data,
        "problems": problems or {},
        "focus": focus,
        "changes": changes,
        **opened_with(request.form, present, conflict),
        "counting": counting(services().events, place.project.id),
        "planned": len(plan_of(engine, place.project.id)),
        "longer": longer_journeys(engine, place.project.id),
    }
