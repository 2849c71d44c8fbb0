"""Adds people to a project and changes their roles, so that it never loses its last admin."""

from __future__ import annotations

from collections.abc import Mapping

from admin.first_run import FormProblems
from admin.services import Services
from store.projects import ROLES, Project
from store.users import User, UserError, create_user, grant, remove, user_by_email, users_of


def add(services: Services, project: Project, form: Mapping[str, str]) -> User:
    """Give a role to a person, whose account is made where there is none yet; raises FormProblems."""
    role = form.get("role", "")
    if role not in ROLES:
        raise FormProblems({"role": f"Choose one of {', '.join(ROLES)}."})
    email, password = form.get("email", ""), form.get("password", "")
    known = user_by_email(services.engine, email)
    if known and any(person["id"] == known.id for person in users_of(services.engine, project.id)):
        raise FormProblems({"email": f"{known.email} is in this project already."})
    try:
        user = known or create_user(
            services.engine,
            email=email,
            name=form.get("name", "").strip()[:200],
            password=password,
            now=services.clock(),
        )
    except UserError as error:
        text = str(error)
        raise FormProblems(
            {"password" if "password" in text else "email": f"{text[:1].upper()}{text[1:]}."}
        ) from None
    grant(services.engine, user.id, project.id, role)
    return user


def take_out(services: Services, project: Project, user_id: int) -> None:
    """Take a member out of the project; raises FormProblems when it is no member or the last admin."""
    _keep_an_admin(services, project, user_id)
    if not remove(services.engine, user_id, project.id):
        raise FormProblems({"people": "This person is not in the project."})


def change_role(services: Services, project: Project, user_id: int, role: str) -> None:
    """Give a member another role; raises FormProblems when it is no member or the last admin."""
    people = users_of(services.engine, project.id)
    held = {person["id"]: person["role"] for person in people}
    if role not in ROLES or user_id not in held:
        raise FormProblems({"people": "Choose a member of this project and one of its roles."})
    if role != "admin":
        _keep_an_admin(services, project, user_id)
    grant(services.engine, user_id, project.id, role)


def _keep_an_admin(services: Services, project: Project, user_id: int) -> None:
    people = users_of(services.engine, project.id)
    if [person["id"] for person in people if person["role"] == "admin"] == [user_id]:
        raise FormProblems({"people": "A project needs an admin: make someone else one first."})
