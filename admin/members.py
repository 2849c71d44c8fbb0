"""Adds people to a project and changes their roles, so that it never loses its last admin."""

from __future__ import annotations

from collections.abc import Mapping

from admin.first_run import FormProblems
from admin.services import Services
from store.projects import ROLES, Project
from store.users import User, UserError, create_user, grant, users_of


def add(services: Services, project: Project, form: Mapping[str, str]) -> User:
    """Make an account with a first password and give it a role; raises FormProblems."""
    role = form.get("role", "")
    if role not in ROLES:
        raise FormProblems({"role": f"Choose one of {', '.join(ROLES)}."})
    email, password = form.get("email", ""), form.get("password", "")
    try:
        user = create_user(
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


def change_role(services: Services, project: Project, user_id: int, role: str) -> None:
    """Give a member another role; raises FormProblems when it is no member or the last admin."""
    people = users_of(services.engine, project.id)
    held = {person["id"]: person["role"] for person in people}
    if role not in ROLES or user_id not in held:
        raise FormProblems({"people": "Choose a member of this project and one of its roles."})
    admins = [one for one, its_role in held.items() if its_role == "admin"]
    if admins == [user_id] and role != "admin":
        raise FormProblems({"people": "A project needs an admin: make someone else one first."})
    grant(services.engine, user_id, project.id, role)
