"""Who may see and do what: one decorator asks for sign-in, membership and role before any view runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from flask import Response, abort, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from admin.login import signed_in
from admin.services import services
from store import audit
from store.projects import ROLES, Project
from store.users import User, projects_of
from store.words import filled

Given = ParamSpec("Given")
SEVERAL = "several things"
LOOKS = "looks only"


@dataclass(frozen=True)
class Place:
    """Where a signed-in person is: a project, with the role that the person has in it."""

    project: Project
    user: User
    role: str
    projects: tuple[Project, ...]

    def may(self, role: str) -> bool:
        """Whether the person has this role or a greater one."""
        return ROLES.index(self.role) >= ROLES.index(role)


def needs(
    role: str, *, does: str = ""
) -> Callable[[Callable[Concatenate[Place, Given], ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Let a view run for members of the project with at least this role; it gets their Place first.

    A project of others is as absent as one that does not exist, so that names are not given away. What a
    view `does`, a `deed`, goes to the audit log when it has succeeded, with values of the address and the
    form in it; a view that does several things says `SEVERAL` here, and `did` for each; one that only
    looks, though a form is sent to it, says `LOOKS`.
    """

    def around(
        view: Callable[Concatenate[Place, Given], ResponseReturnValue],
    ) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def checked(project: str, *args: Given.args, **kwargs: Given.kwargs) -> ResponseReturnValue:
            user = signed_in()
            if user is None:
                return to_sign_in()
            place = find_place(user, project)
            if place is None:
                abort(404)
            if not place.may(role):
                abort(403)
            g.place = place
            answer = view(place, *args, **kwargs)
            if does not in ("", SEVERAL, LOOKS) and make_response(answer).status_code < 400:
                _note(place, filled(does, Named(request.form.to_dict() | (request.view_args or {}))))
            return answer

        checked.needs_role, checked.does = role, does  # type: ignore[attr-defined]
        return checked

    return around


class Named(dict[str, Any]):
    """Values by name, where one that is missing is empty and one that is long is cut."""

    def __getitem__(self, name: str) -> str:
        return str(self.get(name, ""))[:100]


def did(place: Place, message: str, **values: object) -> None:
    """Write into the audit log what the person has done: a `deed` with its values."""
    _note(place, filled(message, values))


def _note(place: Place, what: str) -> None:
    given = services()
    address = request.remote_addr or ""
    audit.record(
        given.engine, place.project.id, by=place.user.email, did=what, address=address, now=given.clock()
    )


def find_place(user: User, project_key: str) -> Place | None:
    """The person's place in the project with this key, or None when it is not theirs."""
    theirs = projects_of(services().engine, user.id)
    projects = tuple(project for project, _ in theirs)
    for project, role in theirs:
        if project.key == project_key:
            return Place(project, user, role, projects)
    return None


def to_sign_in() -> ResponseReturnValue:
    """Send the browser to sign-in; a request of our own script is told with 401 and reloads the page."""
    if request.headers.get("HX-Request"):
        return Response(status=401)
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.show", next=target))


def context() -> dict[str, Any]:
    """What templates know of the place."""
    return {"place": g.get("place")}
