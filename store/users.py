"""People who may sign in to the admin, and their roles in projects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Engine, RowMapping, func, select
from sqlalchemy.exc import IntegrityError

from store.complaint import Complaint
from store.db import writing
from store.projects import ROLES, Project
from store.tables import memberships, projects, users
from store.tables_people import sign_ins
from store.tables_sharing import digests
from store.words import tell

LEAST_PASSWORD = 10
_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


class UserError(Complaint):
    """A user cannot be made as asked; the message says why."""


@dataclass(frozen=True)
class User:
    """One person who may sign in."""

    id: int
    email: str
    name: str
    has_second_factor: bool = False


def create_user(engine: Engine, *, email: str, name: str, password: str, now: int) -> User:
    """Make a user; raises UserError for a bad address, a short password or an address in use."""
    email = read_address(email)
    check_password(password)
    row = {"email": email, "name": name, "password_hash": _hasher.hash(password), "created_at": now}
    try:
        with writing(engine) as connection:
            made = connection.execute(users.insert().values(row).returning(users.c.id)).scalar_one()
    except IntegrityError:
        raise UserError(tell("there is a user %(email)s already", email=email)) from None
    return User(made, email, name)


def read_address(email: str) -> str:
    """An e-mail address as it is kept; raises UserError for what is none."""
    email = email.strip().lower()
    if "@" not in email or " " in email or len(email) > 254 or not email.isprintable():
        raise UserError(tell("%(email)s is no e-mail address", email=repr(email[:100])))
    return email


def grant(engine: Engine, user_id: int, project_id: int, role: str) -> None:
    """Give a user a role in a project, in place of the one before."""
    with writing(engine) as connection:
        grant_within(connection, user_id, project_id, role)


def grant_within(connection: Connection, user_id: int, project_id: int, role: str) -> None:
    """The same, as a part of a transaction."""
    if role not in ROLES:
        raise UserError(
            tell("%(role)s is no role; give one of %(roles)s", role=repr(role), roles=", ".join(ROLES))
        )
    key = (memberships.c.user_id == user_id, memberships.c.project_id == project_id)
    connection.execute(memberships.delete().where(*key))
    connection.execute(memberships.insert().values(user_id=user_id, project_id=project_id, role=role))


def sign_in(engine: Engine, email: str, password: str) -> User | None:
    """The user with this address and password, or None; takes as long for unknown addresses."""
    query = select(users).where(users.c.email == email.strip().lower())
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    try:
        _hasher.verify(row["password_hash"] if row else _nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return user_of(row) if row else None


def set_password(engine: Engine, email: str, password: str) -> bool:
    """Give a user a new password, which signs them out everywhere; False when there is no such user."""
    check_password(password)
    mine = users.c.email == email.strip().lower()
    change = users.update().where(mine).values(password_hash=_hasher.hash(password))
    with writing(engine) as connection:
        theirs = sign_ins.c.user_id.in_(select(users.c.id).where(mine))
        connection.execute(sign_ins.delete().where(theirs))
        return connection.execute(change).rowcount == 1


def user_by_id(engine: Engine, user_id: int) -> User | None:
    """The user with this number, or None."""
    with engine.connect() as connection:
        row = connection.execute(select(users).where(users.c.id == user_id)).mappings().first()
    return user_of(row) if row else None


def user_by_email(engine: Engine, email: str) -> User | None:
    """The user with this address, or None."""
    query = select(users).where(users.c.email == email.strip().lower())
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    return user_of(row) if row else None


def remove(engine: Engine, user_id: int, project_id: int) -> bool:
    """Take a user out of a project, who gets no digest of it any more; the account stays.

    False when the user was not in it.
    """
    with writing(engine) as connection:
        for table in (digests, memberships):
            key = table.c.user_id == user_id, table.c.project_id == project_id
            found = connection.execute(table.delete().where(*key))
    return found.rowcount == 1


def count_users(engine: Engine) -> int:
    """How many users there are; none means that set-up has not been done."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(users)).scalar_one()


def users_of(engine: Engine, project_id: int) -> list[RowMapping]:
    """Email, name and role of everyone in a project."""
    query = (
        select(users.c.id, users.c.email, users.c.name, memberships.c.role)
        .join(memberships, memberships.c.user_id == users.c.id)
        .where(memberships.c.project_id == project_id)
        .order_by(users.c.email)
    )
    with engine.connect() as connection:
        return list(connection.execute(query).mappings().all())


def projects_of(engine: Engine, user_id: int) -> list[tuple[Project, str]]:
    """The projects that a user may see, each with the user's role."""
    query = (
        select(projects, memberships.c.role)
        .join(memberships, memberships.c.project_id == projects.c.id)
        .where(memberships.c.user_id == user_id)
        .order_by(projects.c.id)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [(Project(r["id"], r["key"], r["name"], r["timezone"]), r["role"]) for r in rows]


def user_of(row: RowMapping) -> User:
    """The user in a row of the table."""
    return User(row["id"], row["email"], row["name"], bool(row["totp_secret"]))


def check_password(password: str) -> None:
    """Raise UserError for a password that is too short."""
    if len(password) < LEAST_PASSWORD:
        raise UserError(
            tell("the password is too short; use at least %(least)s characters", least=LEAST_PASSWORD)
        )
