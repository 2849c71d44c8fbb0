"""Who gets the weekly digest of a project by mail, and which of the letters have gone out.

A letter is held by one process while it is written, and noted as sent just before it is handed to the mail
server. So whoever dies while writing leaves it to others, and nobody gets it twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, delete, select, update
from sqlalchemy.exc import IntegrityError

from store.db import writing
from store.projects import Project
from store.tables import memberships, projects, users
from store.tables_sharing import digests

HELD_MS = 15 * 60_000


@dataclass(frozen=True)
class Reader:
    """Somebody who gets the digest of a project. `sent_for` is the Monday of the last letter, '' for none."""

    user_id: int
    email: str
    project: Project
    since: int
    sent_for: str


def subscribe(engine: Engine, user_id: int, project_id: int, *, now: int) -> None:
    """Let a person have the digest from the next Monday on."""
    row = {"user_id": user_id, "project_id": project_id, "since": now, "sent_for": "", "held_until": 0}
    try:
        with writing(engine) as connection:
            connection.execute(digests.insert().values(row))
    except IntegrityError:
        pass  # has it already


def unsubscribe(engine: Engine, user_id: int, project_id: int) -> bool:
    """Send a person no more digests; False when there were none to send."""
    with writing(engine) as connection:
        return connection.execute(delete(digests).where(*_key(user_id, project_id))).rowcount == 1


def is_reader(engine: Engine, user_id: int, project_id: int) -> bool:
    """Whether a person gets the digest of a project."""
    with engine.connect() as connection:
        return (
            connection.execute(select(digests.c.since).where(*_key(user_id, project_id))).first() is not None
        )


def readers(engine: Engine, *, project_id: int | None = None) -> list[Reader]:
    """Everyone who gets a digest and still belongs to its project, project by project."""
    query = (
        select(digests, users.c.email, projects.c.key, projects.c.name, projects.c.timezone)
        .join(users, users.c.id == digests.c.user_id)
        .join(projects, projects.c.id == digests.c.project_id)
        .join(
            memberships,
            (memberships.c.user_id == digests.c.user_id) & (memberships.c.project_id == digests.c.project_id),
        )
        .order_by(digests.c.project_id, digests.c.user_id)
    )
    if project_id is not None:
        query = query.where(digests.c.project_id == project_id)
    with engine.connect() as connection:
        return [
            Reader(
                one.user_id,
                one.email,
                Project(one.project_id, one.key, one.name, one.timezone),
                one.since,
                one.sent_for,
            )
            for one in connection.execute(query)
        ]


def hold(engine: Engine, reader: Reader, week: str, *, now: int) -> bool:
    """Take the letter of a week to write it; False when it has gone out or another process is at it."""
    free = (digests.c.sent_for < week) & (digests.c.held_until <= now)
    return _changed(engine, reader, free, held_until=now + HELD_MS)


def note_sent(engine: Engine, reader: Reader, week: str, *, now: int) -> bool:
    """Note that the letter of a week goes out now; False when another was faster, or nobody wants it."""
    return _changed(engine, reader, digests.c.sent_for < week, sent_for=week, held_until=now)


def note_unsent(engine: Engine, reader: Reader, week: str, *, until: int) -> None:
    """Note that the letter could not go out after all, and is not to be tried before `until`."""
    _changed(engine, reader, digests.c.sent_for == week, sent_for=reader.sent_for, held_until=until)


def _changed(engine: Engine, reader: Reader, condition: ColumnElement[bool], **values: object) -> bool:
    mine = _key(reader.user_id, reader.project.id)
    with writing(engine) as connection:
        return connection.execute(update(digests).where(*mine, condition).values(**values)).rowcount == 1


def _key(user_id: int, project_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return digests.c.user_id == user_id, digests.c.project_id == project_id
