"""The journey editor: one form that is changed, previewed and saved on the server."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import authoring, draft_edits
from admin.access import SEVERAL, Place, did, needs
from admin.deeds import deed
from admin.draft import Draft, empty, from_definition, from_form
from admin.draft_gaps import gaps, plain
from admin.long_reports import Spot, shown
from admin.seen import TO_ITS_TOP, DefinitionChanged, opened_with
from admin.services import services
from admin.suggestions import About, suggestions
from journeys.definition_schema import OPERATORS
from journeys.definitions import Definition, DefinitionError, parse_yaml
from store.journeys import versions_of
from store.words import tell

# Each part goes to its place.
BESIDE = Spot("editor/beside.html", "editor/beside.html", "preview-state", swap="none")
pages = Blueprint("editor", __name__, url_prefix="/p/<project>/editor")


@pages.get("", defaults={"key": None})
@pages.get("/<key>")
@needs("editor")
def show(place: Place, key: str | None) -> ResponseReturnValue:
    """An empty form, or the form of a journey's newest version."""
    if key is None:
        return _form(place, empty(), None)
    versions = versions_of(services().engine, place.project.id, key)
    if not versions:
        abort(404)
    return _form(place, from_definition(versions[0].definition), key)


@pages.post("", defaults={"key": None})
@pages.post("/<key>")
@needs("editor", does=SEVERAL)
def change(place: Place, key: str | None) -> ResponseReturnValue:
    """Do what the pressed button says with the form."""
    draft, do = from_form(request.form), request.form.get("do", "check")
    if do == "preview":
        return _preview(place, draft, key)
    try:
        if do == "import":
            imported = from_definition(parse_yaml(request.form.get("yaml", "")).source)
            return _form(place, imported | ({"key": key} if key else {}), key)
        if do == "save":
            return _saved(place, authoring.checked(services(), place, draft, key), key)
    except DefinitionError as error:
        return _with_problems(place, draft, key, error, do)
    except DefinitionChanged as error:
        return _form(place, draft, key, conflict=str(error)), 409, TO_ITS_TOP
    focus = draft_edits.apply(draft, do)
    return _form(place, draft, key, focus=focus, moved=draft_edits.moved(draft, do, focus))


@pages.get("/suggest/<what>")
@needs("editor")
def suggest(place: Place, what: str) -> ResponseReturnValue:
    """Options for a field of the editor, from what was really seen."""
    about = About(**{name: request.args.get(name, "") for name in About._fields})
    found = suggestions(services(), place.project.id, what, request.args.get("q", ""), about)
    return render_template("editor/suggestions.html", found=found)


def _preview(place: Place, draft: Draft, key: str | None) -> ResponseReturnValue:
    """What stands beside the form: what it would have shown, or what it lacks, and the same as YAML."""
    given, work = services(), services().work()
    told = {"key": key, "yaml": authoring.as_yaml(given, place, draft), "days": authoring.PREVIEW_DAYS}

    def draw(found: dict[str, Any]) -> str:
        return render_template("editor/beside.html", **told, **found)

    try:
        definition = authoring.drafted(given, draft)
    except DefinitionError as error:
        return draw({"gaps": gaps(draft, error.problems)})

    def compute() -> dict[str, Any]:
        return {
            "definition": definition,
            "shown": authoring.previewed(given, place, definition, work, key),
            "changed": authoring.changed_by(given, place, draft, key),
        }

    return shown(compute, draw, owner=place.user.id, work=work, spot=BESIDE, **told)


def _saved(place: Place, definition: Definition, key: str | None) -> ResponseReturnValue:
    changed = authoring.changed(services(), place, definition, definition.key)
    seen = request.form.get("seen", "")
    saved = authoring.save(services(), place, definition, is_new=key is None, seen=seen)
    if changed is not None and changed.says:
        flash(
            tell(
                "Version %(version)s is saved: %(says)s.", version=saved.version, says="; ".join(changed.says)
            )
        )
    did(place, deed("saved the journey %(key)s"), key=definition.key)
    target = url_for("journey.funnel", project=place.project.key, key=definition.key)
    if request.headers.get("HX-Request"):
        return Response(headers={"HX-Redirect": target})
    return redirect(target)


def _with_problems(
    place: Place, draft: Draft, key: str | None, error: DefinitionError, do: str
) -> ResponseReturnValue:
    yaml = request.form.get("yaml", "") if do == "import" else ""
    problems = {"yaml": str(error)} if do == "import" else error.problems
    headers = {"HX-Retarget": "#editor-form", "HX-Reswap": "outerHTML"}
    return _form(place, draft, key, problems=problems, yaml=yaml), 422, headers


def _form(
    place: Place,
    draft: Draft,
    key: str | None,
    *,
    problems: dict[str, str] | None = None,
    focus: str = "",
    yaml: str = "",
    moved: dict[str, Any] | None = None,
    conflict: str = "",
) -> str:
    """The form, which says what it was opened with."""
    part = "editor/changed.html" if request.headers.get("HX-Request") else "editor/page.html"
    return render_template(
        part,
        draft=draft,
        key=key,
        **opened_with(request.form, authoring.standing(services(), place, key), conflict),
        problems=plain(draft, problems or {}),
        lines=gaps(draft, problems or {}),
        focus=focus,
        yaml=yaml,
        operators=OPERATORS,
        moved=moved,
    )
