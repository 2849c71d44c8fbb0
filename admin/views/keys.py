"""Write keys and API tokens of a project: made, shown once where they are secret, revoked."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from admin.access import Place, needs
from admin.deeds import deed
from admin.services import services
from store.projects import (
    ROLES,
    SCOPES,
    ProjectError,
    api_tokens_of,
    create_api_token,
    create_write_key,
    revoke_api_token,
    revoke_write_key,
    write_keys_of,
)
from store.words import tell

pages = Blueprint("keys", __name__, url_prefix="/p/<project>/settings/keys")


@pages.get("")
@needs("admin")
def show(place: Place) -> ResponseReturnValue:
    """The keys of the project."""
    return _page(place)


@pages.post("")
@needs("admin", does=deed("made a %(side)s key"))
def create(place: Place) -> ResponseReturnValue:
    """Make a write key; a server key is shown in this answer and never again."""
    given, side = services(), request.form.get("side", "")
    origins = tuple(dict.fromkeys(request.form.get("origins", "").replace(",", " ").split()))
    if bad := [one for one in origins if not _is_origin(one)]:
        said = tell("%(origin)s is no origin: write it as https://shop.example", origin=repr(bad[0]))
        return _page(place, problems={"origins": said}), 422
    try:
        text = create_write_key(given.engine, place.project.id, side=side, origins=origins, now=given.clock())
    except ProjectError as error:
        return _page(place, problems={"side": str(error)}), 422
    return _page(place, fresh=text, what=f"{side} key")


@pages.post("/tokens")
@needs("admin", does=deed("made the API token %(name)s with the role %(role)s"))
def create_token(place: Place) -> ResponseReturnValue:
    """Make an API token, shown in this answer and never again."""
    given, name = services(), request.form.get("name", "").strip()[:200]
    try:
        text = create_api_token(
            given.engine,
            place.project.id,
            name=name or "API token",
            role=request.form.get("role", ""),
            scopes=request.form.getlist("scope"),
            now=given.clock(),
        )
    except ProjectError as error:
        return _page(place, problems={"token": str(error)}), 422
    return _page(place, fresh=text, what=tell("API token"))


@pages.post("/<int:key_id>/revoke")
@needs("admin", does=deed("revoked the write key %(key_id)s"))
def revoke(place: Place, key_id: int) -> ResponseReturnValue:
    """Close a key for good."""
    given = services()
    if not revoke_write_key(given.engine, place.project.id, key_id, now=given.clock()):
        abort(404)
    flash(tell("The key is revoked. Whatever still uses it is refused from now on."))
    return redirect(url_for("keys.show", project=place.project.key))


@pages.post("/tokens/<int:token_id>/revoke")
@needs("admin", does=deed("revoked the API token %(token_id)s"))
def revoke_token(place: Place, token_id: int) -> ResponseReturnValue:
    """Close an API token for good."""
    given = services()
    if not revoke_api_token(given.engine, place.project.id, token_id, now=given.clock()):
        abort(404)
    flash(tell("The token is revoked. Whatever still uses it is refused from now on."))
    return redirect(url_for("keys.show", project=place.project.key))


def _page(place: Place, *, fresh: str = "", what: str = "", problems: dict[str, str] | None = None) -> str:
    engine = services().engine
    keys, tokens = write_keys_of(engine, place.project.id), api_tokens_of(engine, place.project.id)
    return render_template(
        "settings/keys.html",
        keys=keys,
        tokens=tokens,
        fresh=fresh,
        what=what,
        problems=problems or {},
        values=request.form if problems else MultiDict(),
        roles=ROLES,
        scopes=SCOPES,
    )


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and text == f"{parts.scheme}://{parts.netloc}"
        )
    except ValueError:
        return False
