"""The end of a weekly digest, from the letter itself: nobody needs to sign in for it."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from admin.digest import read_stop
from admin.services import services
from store import audit, digests

pages = Blueprint("digest_stop", __name__, url_prefix="/digest/stop")


@pages.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """Ask once: programs that look at letters open the links in them."""
    return _page(token, is_over=_reader(token) is None)


@pages.post("/<token>")
def stop(token: str) -> ResponseReturnValue:
    """Send no more letters; mail programs ask this by themselves (RFC 8058), without cookies."""
    given, found = services(), _reader(token)
    if found and digests.unsubscribe(given.engine, found.user_id, found.project.id):
        audit.record(
            given.engine,
            found.project.id,
            by=found.email,
            did="stopped their weekly digest",
            address=request.remote_addr or "",
            now=given.clock(),
        )
    return _page(token, is_over=True)


def _reader(token: str) -> digests.Reader | None:
    """Who is meant, where they still get the digest; an address that was not made here is none."""
    meant = read_stop(str(current_app.config["SECRET_KEY"]), token)
    if meant is None:
        abort(404)
    user_id, project_id = meant
    found = digests.readers(services().engine, project_id=project_id)
    return next((one for one in found if one.user_id == user_id), None)


def _page(token: str, *, is_over: bool) -> str:
    found = None if is_over else _reader(token)
    return render_template("digest/stop.html", reader=found, token=token)
