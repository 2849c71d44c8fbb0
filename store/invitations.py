"""Invitations into a project: a link that can be taken once, within a week."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, RowMapping, select, update

from store.db import writing
from store.projects import ROLES, hashed
from store.tables import projects
from store.tables_people import invitations
from store.users import UserError, grant_within, read_address
from store.words import tell

LIFETIME_MS = 7 * 86_400_000


@dataclass(frozen=True)
class Invitation:
    """What a link invites to."""

    id: int
    project_id: int
    project_key: str
    project_name: str
    email: str
    role: str
    created_by: str


def invite(engine: Engine, project_id: int, *, email: str, role: str, by: str, now: int) -> str:
    """Make an invitation, in place of an older one of the same address, and return its token.

    Raises UserError for a bad address or role.
    """
    email = read_address(email)
    if role not in ROLES:
        raise UserError(
            tell("%(role)s is no role; give one of %(roles)s", role=repr(role), roles=", ".join(ROLES))
        )
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": hashed(token),
        "project_id": project_id,
        "email": email,
        "role": role,
        "created_by": by,
        "created_at": now,
        "expires_at": now + LIFETIME_MS,
    }
    older = update(invitations).where(_open(now), invitations.c.project_id == project_id)
    with writing(engine) as connection:
        connection.execute(older.where(invitations.c.email == email).values(ended_at=now))
        connection.execute(invitations.insert().values(row))
    return token


def invitation(engine: Engine, token: str, *, now: int) -> Invitation | None:
    """The open invitation with this token, or None."""
    query = select(invitations, projects.c.key, projects.c.name).join_from(invitations, projects)
    with engine.connect() as connection:
        found = connection.execute(query.where(_open(now), invitations.c.token_hash == hashed(token))).first()
    if found is None:
        return None
    return Invitation(
        found.id, found.project_id, found.key, found.name, found.email, found.role, found.created_by
    )


def open_invitations(engine: Engine, project_id: int, *, now: int) -> list[RowMapping]:
    """The invitations of a project that nobody has taken yet, newest first."""
    query = select(invitations).where(_open(now), invitations.c.project_id == project_id)
    with engine.connect() as connection:
        return list(connection.execute(query.order_by(invitations.c.id.desc())).mappings().all())


def take_back(engine: Engine, project_id: int, number: int, *, now: int) -> bool:
    """End an invitation of a project; False when there is no such open one."""
    mine = (invitations.c.id == number) & (invitations.c.project_id == project_id) & _open(now)
    with writing(engine) as connection:
        return connection.execute(update(invitations).where(mine).values(ended_at=now)).rowcount == 1


def accept(engine: Engine, taken: Invitation, user_id: int, *, now: int) -> bool:
    """Let the person into the project; False when the invitation has been taken meanwhile."""
    mine = (invitations.c.id == taken.id) & _open(now)
    with writing(engine) as connection:
        if connection.execute(update(invitations).where(mine).values(ended_at=now)).rowcount != 1:
            return False
        grant_within(connection, user_id, taken.project_id, taken.role)
    return True


def _open(now: int) -> ColumnElement[bool]:
    return invitations.c.ended_at.is_(None) & (invitations.c.expires_at > now)
