"""Path cleaning: templates that give pages one name, proposed, previewed, confirmed, and their history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import path_cleaning, rows
from admin.access import LOOKS, SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.formats import sentence
from admin.seen import version_of
from admin.services import Services, services
from journeys.definitions import DefinitionError
from journeys.route_templates import placed
from store.events import NotEnoughMemory
from store.routes import RoutesChanged, route_list, route_lists_of, routes_of
from store.words import marked, tell
from store.work import WorkEnded

KEPT = marked("The templates are kept. Reports call pages by them from now on, also in the past.")
CHANGED = marked(
    "Somebody else has changed the templates since you opened them. Nothing of yours is kept yet: look at "
    "theirs in another tab, then preview and save again to put yours in their place."
)
FIELDS = ("template",)
ADD = "add "  # before a template, or a path that is to keep its name
MOST_VERSIONS = 20

pages = Blueprint("routes", __name__, url_prefix="/p/<project>/settings/paths")


@pages.get("")
@needs("editor")
def show(place: Place) -> ResponseReturnValue:
    """The templates that count; with `version` an earlier list in the form, and what it would change."""
    wanted = request.args.get("version", type=int)
    if wanted is None:
        return _page(place, list(routes_of(services().engine, place.project.id).templates))
    earlier = route_list(services().engine, place.project.id, wanted)
    if earlier is None:
        abort(404)
    return _preview(place, list(earlier.templates))


@pages.post("/proposals")
@needs("editor", does=LOOKS)
def propose(place: Place) -> ResponseReturnValue:
    """What the paths of the last days propose beside the templates in the form; a part of the page."""
    given = _limited()
    found = path_cleaning.proposed(given, place.project, path_cleaning.lately(given, place.project))
    return render_template("routes/proposals.html", found=found, present=_templates())


@pages.post("")
@needs("editor", does=SEVERAL)
def change(place: Place) -> ResponseReturnValue:
    """Change the rows of the form, say what the templates would change, or keep them."""
    do = request.form.get("do", "preview")
    if do.startswith(ADD):
        return _preview(place, placed(_templates(), do.removeprefix(ADD)))
    if do not in ("preview", "save"):
        data = rows.rows_of(request.form, "templates", FIELDS)
        focus = rows.move(data, "templates", do, dict.fromkeys(FIELDS, ""))
        return _page(place, [row["template"] for row in data], focus=focus)
    templates = _templates()
    if do == "preview" or request.form.get("previewed") != _stamp(templates):
        return _preview(place, templates)
    seen = request.form.get("seen", type=int)
    try:
        path_cleaning.keep(services(), place.project, templates, by=place.user.email, seen=seen)
    except DefinitionError as error:
        return _page(place, templates, problems=error.problems), 422
    except RoutesChanged:
        return _page(place, templates, conflict=tell(CHANGED)), 409
    did(place, deed("changed the route templates"))
    flash(tell(KEPT))
    return redirect(url_for("routes.show", project=place.project.key))


def _limited() -> Services:
    """What a look at the paths may use: within the limit of a report."""
    given = services()
    return replace(given, events=given.events.asked_for(given.work()))


def _templates() -> list[str]:
    """The templates in the form, without empty rows."""
    data = rows.rows_of(request.form, "templates", FIELDS)
    return [row["template"] for row in data if row["template"]]


def _stamp(templates: list[str]) -> str:
    return version_of({"templates": templates})


def _preview(place: Place, templates: list[str]) -> ResponseReturnValue:
    given = _limited()
    period = path_cleaning.lately(given, place.project)
    try:
        preview = path_cleaning.previewed(given, place.project, period, templates)
    except DefinitionError as error:
        return _page(place, templates, problems=error.problems), 422
    except (WorkEnded, NotEnoughMemory) as ended:
        return _page(place, templates, problems={"templates": sentence(ended.said)}), 503
    return _page(place, templates, preview=preview)


def _page(
    place: Place,
    templates: list[str],
    *,
    problems: dict[str, str] | None = None,
    focus: str = "",
    preview: dict[str, Any] | None = None,
    conflict: str = "",
) -> str:
    engine, project = services().engine, place.project.id
    present = routes_of(engine, project)
    return render_template(
        "routes/page.html",
        templates=templates,
        problems=problems or {},
        focus=focus,
        preview=preview,
        previewed=_stamp(templates) if preview else "",
        is_new=tuple(templates) != present.templates,
        conflict=conflict,
        seen=present.version if conflict else request.form.get("seen", present.version),
        versions=route_lists_of(engine, project, most=MOST_VERSIONS),
        days=path_cleaning.DAYS,
    )
