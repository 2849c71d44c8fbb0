"""Path cleaning: templates that give pages one name, proposed, previewed, confirmed, and their history."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import path_cleaning, rows
from admin.access import LOOKS, SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.long_reports import Spot, shown
from admin.seen import version_of
from admin.services import Services, services
from journeys.definitions import DefinitionError
from journeys.route_templates import checked, placed
from store.routes import RoutesChanged, route_list, route_lists_of, routes_of
from store.words import marked, tell
from store.work import Work

KEPT = marked("The templates are kept. Reports call pages by them from now on, also in the past.")
CHANGED = marked(
    "Somebody else has changed the templates since you opened them. Nothing of yours is kept yet: look at "
    "theirs in another tab, then preview and save again to put yours in their place."
)
FIELDS = ("template",)
ADD = "add "  # before a template, or a path that is to keep its name
MOST_VERSIONS = 20
PROPOSALS = Spot("waiting.html", "routes/proposals_part.html", "proposed", "#proposed", "#proposed")
PREVIEW = Spot("routes/page.html", "routes/preview_part.html", "preview", "#preview", "#preview")

pages = Blueprint("routes", __name__, url_prefix="/p/<project>/settings/paths")


class Previewed(NamedTuple):
    """Templates as they were sent, which the form may have left since, and what they would change."""

    templates: list[str]
    preview: dict[str, Any]


@pages.get("")
@needs("editor")
def show(place: Place) -> ResponseReturnValue:
    """The templates that count; with `version` an earlier list in the form, to be previewed."""
    wanted = request.args.get("version", type=int)
    if wanted is None:
        return _page(place, list(routes_of(services().engine, place.project.id).templates))
    earlier = route_list(services().engine, place.project.id, wanted)
    if earlier is None:
        abort(404)
    return _unseen(place, list(earlier.templates))


@pages.post("/proposals")
@needs("editor", does=LOOKS)
def propose(place: Place) -> ResponseReturnValue:
    """What the paths of the last days propose beside the templates in the form; a part of the page."""
    given, work = services(), services().work()
    limited = _limited(given, work)

    def compute() -> dict[str, Any]:
        return path_cleaning.proposed(limited, place.project, path_cleaning.lately(given, place.project))

    def draw(found: dict[str, Any]) -> str:
        return render_template(PROPOSALS.part, found=found, present=_templates())

    return shown(compute, draw, owner=place.user.id, work=work, spot=PROPOSALS, section="routes")


@pages.post("")
@needs("editor", does=SEVERAL)
def change(place: Place) -> ResponseReturnValue:
    """Change the rows of the form, say what the templates would change, or keep them."""
    do = request.form.get("do", "preview")
    if do.startswith(ADD):
        return _unseen(place, placed(_templates(), do.removeprefix(ADD)))
    if do not in ("preview", "save"):
        data = rows.rows_of(request.form, "templates", FIELDS)
        focus = rows.move(data, "templates", do, dict.fromkeys(FIELDS, ""))
        return _page(place, [row["template"] for row in data], focus=focus)
    templates = _templates()
    if do == "preview":
        return _preview(place, templates)
    if request.form.get("previewed") != _stamp(templates):
        return _unseen(place, templates)
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


def _limited(given: Services, work: Work) -> Services:
    """What a look at the paths may use: within the limit of a report."""
    return replace(given, events=given.events.asked_for(work))


def _in_form() -> list[str]:
    """The templates in the form, row by row."""
    return [row["template"] for row in rows.rows_of(request.form, "templates", FIELDS)]


def _templates() -> list[str]:
    """The same without empty rows."""
    return [one for one in _in_form() if one]


def _stamp(templates: list[str]) -> str:
    return version_of({"templates": templates})


def _unseen(place: Place, templates: list[str]) -> ResponseReturnValue:
    """The page with these templates in its form, which asks for what they would change when it stands."""
    try:
        checked(templates)
    except DefinitionError as error:
        return _page(place, templates, problems=error.problems), 422
    return _page(place, templates, is_to_preview=True)


def _preview(place: Place, templates: list[str]) -> ResponseReturnValue:
    """What the templates would change, in its place on the page; with the page where no script asks."""
    given, work, part = services(), services().work(), bool(request.headers.get("HX-Request"))
    try:
        checked(templates)
    except DefinitionError as error:
        if part:
            return render_template(PREVIEW.part, gaps=_gaps(templates, error.problems))
        return _page(place, templates, problems=error.problems), 422
    limited, period = _limited(given, work), path_cleaning.lately(given, place.project)

    def compute() -> Previewed:
        return Previewed(templates, path_cleaning.previewed(limited, place.project, period, templates))

    def draw(found: Previewed) -> str:
        told = _frame(place, found.templates, preview=found.preview)
        return render_template(PREVIEW.part if part else PREVIEW.page, **told)

    told = _frame(place, templates)
    return shown(compute, draw, owner=place.user.id, work=work, spot=PREVIEW, **told)


def _gaps(templates: list[str], problems: dict[str, str]) -> list[str]:
    """What is wrong with which of them, in words."""
    places = {f"templates.{at}": one for at, one in enumerate(templates)}
    return [f"{places[at]}: {what}" if at in places else what for at, what in problems.items()]


def _page(place: Place, templates: list[str], **more: Any) -> str:
    return render_template(PREVIEW.page, **_frame(place, templates, **more))


def _frame(
    place: Place,
    templates: list[str],
    *,
    problems: dict[str, str] | None = None,
    focus: str = "",
    preview: dict[str, Any] | None = None,
    conflict: str = "",
    is_to_preview: bool = False,
) -> dict[str, Any]:
    """All that the page shows."""
    engine, project = services().engine, place.project.id
    present = routes_of(engine, project)
    return {
        "templates": templates,
        "in_form": _in_form(),
        "problems": problems or {},
        "focus": focus,
        "preview": preview,
        "taken": {one["template"]: one for one in preview["templates"]} if preview else {},
        "previewed": _stamp(templates) if preview else "",
        "is_to_preview": is_to_preview,
        "is_new": tuple(templates) != present.templates,
        "conflict": conflict,
        "seen": present.version if conflict else request.form.get("seen", present.version),
        "versions": route_lists_of(engine, project, most=MOST_VERSIONS),
        "days": path_cleaning.DAYS,
    }
