"""Links that show one report of a journey to whoever has them, until they expire or are revoked."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, RowMapping, select, update

from store.db import writing
from store.projects import Project, hashed
from store.tables import projects
from store.tables_sharing import embeds

STEP_MS = 5 * 60_000  # how exactly `used_at` is kept


@dataclass(frozen=True)
class Embed:
    """What a link shows: a report of a journey, asked as an address would ask it."""

    id: int
    project: Project
    journey: str
    report: str
    asked: Mapping[str, str]
    origins: Sequence[str]
    expires_at: int
    used_at: int | None
    revoked_at: int | None

    def is_over(self, *, now: int) -> bool:
        """Whether it shows nothing any more."""
        return self.revoked_at is not None or self.expires_at <= now


def make_embed(
    engine: Engine,
    project_id: int,
    *,
    journey: str,
    report: str,
    asked: Mapping[str, str],
    origins: Sequence[str],
    by: str,
    expires_at: int,
    now: int,
) -> str:
    """Make a link and return its token."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": hashed(token),
        "project_id": project_id,
        "journey": journey,
        "report": report,
        "asked": dict(asked),
        "origins": list(origins),
        "created_by": by,
        "created_at": now,
        "expires_at": expires_at,
    }
    with writing(engine) as connection:
        connection.execute(embeds.insert().values(row))
    return token


def embed_of(engine: Engine, token: str) -> Embed | None:
    """The link of a token, also when it is over; None when there was never one."""
    query = select(embeds, projects.c.key, projects.c.name, projects.c.timezone).join_from(embeds, projects)
    with engine.connect() as connection:
        row = connection.execute(query.where(embeds.c.token_hash == hashed(token))).first()
    if row is None:
        return None
    return Embed(
        row.id,
        Project(row.project_id, row.key, row.name, row.timezone),
        row.journey,
        row.report,
        row.asked,
        row.origins,
        row.expires_at,
        row.used_at,
        row.revoked_at,
    )


def note_use(engine: Engine, embed: Embed, *, now: int) -> None:
    """Keep that it was looked at, to some minutes."""
    if embed.used_at is None or embed.used_at < now - STEP_MS:
        with writing(engine) as connection:
            connection.execute(update(embeds).where(embeds.c.id == embed.id).values(used_at=now))


def embeds_of(engine: Engine, project_id: int) -> list[RowMapping]:
    """All links of a project, newest first."""
    query = select(embeds).where(embeds.c.project_id == project_id).order_by(embeds.c.id.desc())
    with engine.connect() as connection:
        return list(connection.execute(query).mappings().all())


def revoke_embed(engine: Engine, project_id: int, number: int, *, now: int) -> bool:
    """End a link of a project for good; False when it has no such open one."""
    mine = (embeds.c.id == number) & (embeds.c.project_id == project_id) & embeds.c.revoked_at.is_(None)
    with writing(engine) as connection:
        return connection.execute(update(embeds).where(mine).values(revoked_at=now)).rowcount == 1
