"""Who may see and do what: one decorator asks for sign-in, membership and role before any view runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from flask import Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from admin.login import signed_in
from admin.services import services
from store.projects import ROLES, Project
from store.users import User, projects_of

Given = ParamSpec("Given")


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
    role: str,
) -> Callable[[Callable[Concatenate[Place, Given], ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    """Let a view run for members of the project with at least this role; it gets their Place first.

    A project of others is as absent as one that does not exist, so that names are not given away.
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
            return view(place, *args, **kwargs)

        checked.needs_role = role  # type: ignore[attr-defined]
        return checked

    return around


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
