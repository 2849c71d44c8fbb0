"""The end of a weekly digest, from the letter itself: nobody needs to sign in for it."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from admin.deeds import deed
from admin.digest import read_stop
from admin.services import services
from store import audit, digests

pages = Blueprint("digest_stop", __name__, url_prefix="/digest/stop")


@pages.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """Ask once: programs that look at letters open the links in them."""
    return render_template("digest/stop.html", reader=_reader(*_meant(token)), token=token)


@pages.post("/<token>")
def stop(token: str) -> ResponseReturnValue:
    """Send no more letters; mail programs ask this by themselves (RFC 8058), without cookies."""
    given, (user_id, project_id) = services(), _meant(token)
    reader = _reader(user_id, project_id)
    digests.unsubscribe(given.engine, user_id, project_id)
    if reader:
        audit.record(
            given.engine,
            project_id,
            by=reader.email,
            did=deed("stopped their weekly digest"),
            address=request.remote_addr or "",
            now=given.clock(),
        )
    return render_template("digest/stop.html", reader=None, token=token)


def _meant(token: str) -> tuple[int, int]:
    """The person and the project of an address; one that was not made here is no page."""
    found = read_stop(str(current_app.config["SECRET_KEY"]), token)
    if found is None:
        abort(404)
    return found


def _reader(user_id: int, project_id: int) -> digests.Reader | None:
    """Who is meant, where they still get the digest."""
    found = digests.readers(services().engine, project_id=project_id)
    return next((one for one in found if one.user_id == user_id), None)
