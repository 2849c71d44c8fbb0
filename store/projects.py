"""Projects and the keys and tokens that open them."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Engine, RowMapping, select, update
from sqlalchemy.exc import IntegrityError

from store.complaint import Complaint
from store.db import writing
from store.tables import api_tokens, projects, write_keys
from store.words import tell

ROLES = ("viewer", "editor", "admin")
SCOPES = ("journeys", "customers", "events", "settings")
USED_STEP_MS = 5 * 60_000  # how exactly it is kept when a token was used last


class ProjectError(Complaint):
    """A project, key or token cannot be made as asked; the message says why."""


@dataclass(frozen=True)
class Project:
    """One product or site that is measured."""

    id: int
    key: str
    name: str
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which its days begin."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class WriteKey:
    """What a write key opens: events of one project from one side, `browser` or `server`."""

    id: int
    project_id: int
    side: str
    origins: tuple[str, ...]


@dataclass(frozen=True)
class Token:
    """What an API token opens: parts of the API for one project with one role."""

    project_id: int
    role: str
    name: str
    scopes: tuple[str, ...]


def create_project(engine: Engine, *, key: str, name: str, timezone: str = "UTC", now: int) -> Project:
    """Make a project; raises ProjectError for a bad key, an unknown time zone or a key in use."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", key):
        raise ProjectError(
            tell("%(key)s is no project key: use small letters, digits and dashes", key=repr(key))
        )
    _check_timezone(timezone)
    row = {"key": key, "name": name.strip() or key, "timezone": timezone, "created_at": now}
    try:
        with writing(engine) as connection:
            made = connection.execute(projects.insert().values(row).returning(projects.c.id))
            return Project(made.scalar_one(), key, row["name"], timezone)  # type: ignore[arg-type]
    except IntegrityError:
        raise ProjectError(tell("there is a project %(key)s already", key=repr(key))) from None


def rename_project(engine: Engine, project_id: int, name: str) -> None:
    """Give a project another name; its key stays."""
    with writing(engine) as connection:
        connection.execute(update(projects).where(projects.c.id == project_id).values(name=name))


def set_timezone(engine: Engine, project_id: int, timezone: str) -> None:
    """Let all days of a project begin elsewhere; raises ProjectError for what is no time zone."""
    _check_timezone(timezone)
    with writing(engine) as connection:
        connection.execute(update(projects).where(projects.c.id == project_id).values(timezone=timezone))


def _check_timezone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ProjectError(
            tell("%(timezone)s is no time zone; give a name such as Europe/Berlin", timezone=repr(timezone))
        ) from None


def all_projects(engine: Engine) -> list[Project]:
    """Every project, the oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(select(projects).order_by(projects.c.id)).mappings().all()
    return [_project(row) for row in rows]


def project_by_key(engine: Engine, key: str) -> Project:
    """The project with this key; raises ProjectError when there is none."""
    for project in all_projects(engine):
        if project.key == key:
            return project
    known = ", ".join(p.key for p in all_projects(engine)) or "none yet; run `waywiser init`"
    raise ProjectError(tell("there is no project %(key)s; known: %(known)s", key=repr(key), known=known))


def project_by_id(engine: Engine, project_id: int) -> Project | None:
    """The project with this number, or None."""
    with engine.connect() as connection:
        row = connection.execute(select(projects).where(projects.c.id == project_id)).mappings().first()
    return _project(row) if row else None


def create_write_key(
    engine: Engine, project_id: int, *, side: str, origins: tuple[str, ...] = (), now: int
) -> str:
    """Make a write key and return its text. Server keys are secret: only their hash is kept."""
    if side not in ("browser", "server"):
        raise ProjectError(tell("%(side)s is no side: a key is for browser or server", side=repr(side)))
    text = f"{'wb' if side == 'browser' else 'ws'}_{secrets.token_urlsafe(24)}"
    row = {
        "project_id": project_id,
        "side": side,
        "key_hash": hashed(text),
        "key_text": text if side == "browser" else None,
        "hint": text[:7],
        "origins": list(origins),
        "created_at": now,
    }
    with writing(engine) as connection:
        connection.execute(write_keys.insert().values(row))
    return text


def find_write_key(engine: Engine, text: str) -> WriteKey | None:
    """What this key opens, or None when it is unknown or revoked."""
    query = select(write_keys).where(write_keys.c.key_hash == hashed(text), write_keys.c.revoked_at.is_(None))
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return WriteKey(row["id"], row["project_id"], row["side"], tuple(row["origins"]))


def write_keys_of(engine: Engine, project_id: int) -> list[RowMapping]:
    """The keys of a project, newest first; `key_text` is None for secret ones."""
    query = select(write_keys).where(write_keys.c.project_id == project_id).order_by(write_keys.c.id.desc())
    with engine.connect() as connection:
        return list(connection.execute(query).mappings().all())


def revoke_write_key(engine: Engine, project_id: int, key_id: int, *, now: int) -> bool:
    """Close a key for good; False when the project has no such open key."""
    query = (
        update(write_keys)
        .where(write_keys.c.id == key_id, write_keys.c.project_id == project_id)
        .where(write_keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    with writing(engine) as connection:
        return connection.execute(query).rowcount == 1


def create_api_token(
    engine: Engine, project_id: int, *, name: str, role: str, now: int, scopes: Sequence[str] = ()
) -> str:
    """Make an API token and return its text, which is kept nowhere; without scopes it opens all."""
    if role not in ROLES:
        raise ProjectError(
            tell("%(role)s is no role; give one of %(roles)s", role=repr(role), roles=", ".join(ROLES))
        )
    if wrong := [one for one in scopes if one not in SCOPES]:
        raise ProjectError(
            tell(
                "%(scope)s is no scope; give some of %(scopes)s",
                scope=repr(wrong[0]),
                scopes=", ".join(SCOPES),
            )
        )
    text = f"wt_{secrets.token_urlsafe(32)}"
    row = {
        "project_id": project_id,
        "name": name,
        "token_hash": hashed(text),
        "role": role,
        "scopes": list(scopes) or None,
        "created_at": now,
    }
    with writing(engine) as connection:
        connection.execute(api_tokens.insert().values(row))
    return text


def api_tokens_of(engine: Engine, project_id: int) -> list[RowMapping]:
    """The API tokens of a project, newest first; their text is kept nowhere."""
    query = select(api_tokens).where(api_tokens.c.project_id == project_id).order_by(api_tokens.c.id.desc())
    with engine.connect() as connection:
        return list(connection.execute(query).mappings().all())


def revoke_api_token(engine: Engine, project_id: int, token_id: int, *, now: int) -> bool:
    """Close a token for good; False when the project has no such open token."""
    query = (
        update(api_tokens)
        .where(api_tokens.c.id == token_id, api_tokens.c.project_id == project_id)
        .where(api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    with writing(engine) as connection:
        return connection.execute(query).rowcount == 1


def find_api_token(engine: Engine, text: str, *, now: int) -> Token | None:
    """What this token opens, or None when it is unknown or revoked; that it was used is noted."""
    query = select(api_tokens).where(
        api_tokens.c.token_hash == hashed(text), api_tokens.c.revoked_at.is_(None)
    )
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    if row["used_at"] is None or row["used_at"] < now - USED_STEP_MS:
        with writing(engine) as connection:
            connection.execute(update(api_tokens).where(api_tokens.c.id == row["id"]).values(used_at=now))
    return Token(row["project_id"], row["role"], row["name"], tuple(row["scopes"] or SCOPES))


def hashed(text: str) -> str:
    """How keys and tokens are kept. They are long and random, so a plain hash is enough."""
    return hashlib.sha256(text.encode()).hexdigest()


def _project(row: RowMapping) -> Project:
    return Project(row["id"], row["key"], row["name"], row["timezone"])


def hold(connection: Connection, project_id: int) -> None:
    """Let nobody else who does so change what the project keeps, until the transaction is over."""
    connection.execute(select(projects.c.id).where(projects.c.id == project_id).with_for_update())
