"""Invites people into a project and changes their roles, so that it never loses its last admin."""

from __future__ import annotations

from collections.abc import Mapping

from flask import url_for

from admin import mail
from admin.first_run import FormProblems
from admin.formats import sentence
from admin.services import Services
from store import invitations
from store.projects import ROLES, Project
from store.users import User, UserError, grant, read_address, remove, users_of
from store.words import tell


def invite(services: Services, project: Project, form: Mapping[str, str], *, by: User) -> tuple[str, bool]:
    """The link of a new invitation, and whether it goes out by mail; raises FormProblems."""
    role = form.get("role", "")
    if role not in ROLES:
        raise FormProblems({"role": tell("Choose one of %(roles)s.", roles=", ".join(ROLES))})
    try:
        email = read_address(form.get("email", ""))
    except UserError as error:
        raise FormProblems({"email": sentence(error)}) from None
    if email in {person["email"] for person in users_of(services.engine, project.id)}:
        raise FormProblems({"email": tell("%(email)s is in this project already.", email=email)})
    token = invitations.invite(
        services.engine, project.id, email=email, role=role, by=by.email, now=services.clock()
    )
    link = services.settings.address + url_for("invitations.show", token=token)
    return link, mail.invitation(services, email, link, project=project.name, by=by.name or by.email)


def take_out(services: Services, project: Project, user_id: int) -> None:
    """Take a member out of the project; raises FormProblems when it is no member or the last admin."""
    _keep_an_admin(services, project, user_id)
    if not remove(services.engine, user_id, project.id):
        raise FormProblems({"people": tell("This person is not in the project.")})


def change_role(services: Services, project: Project, user_id: int, role: str) -> None:
    """Give a member another role; raises FormProblems when it is no member or the last admin."""
    people = users_of(services.engine, project.id)
    held = {person["id"]: person["role"] for person in people}
    if role not in ROLES or user_id not in held:
        raise FormProblems({"people": tell("Choose a member of this project and one of its roles.")})
    if role != "admin":
        _keep_an_admin(services, project, user_id)
    grant(services.engine, user_id, project.id, role)


def _keep_an_admin(services: Services, project: Project, user_id: int) -> None:
    people = users_of(services.engine, project.id)
    if [person["id"] for person in people if person["role"] == "admin"] == [user_id]:
        raise FormProblems({"people": tell("A project needs an admin: make someone else one first.")})
