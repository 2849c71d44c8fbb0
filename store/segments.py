"""Saved segments of a project: who kept or changed which definition, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from store.db import writing
from store.projects import hold
from store.tables_segments import segments
from store.words import tell

MOST_SEGMENTS = 100


class TooManySegments(Exception):
    """A project keeps as many segments as it can."""


@dataclass(frozen=True)
class SavedSegment:
    """One saved segment; times in milliseconds."""

    key: str
    definition: dict[str, Any]
    created_by: str
    created_at: int
    changed_by: str
    changed_at: int


def saved_segments(engine: Engine, project_id: int) -> list[SavedSegment]:
    """The saved segments of a project, in the order in which they were made."""
    query = select(segments).where(segments.c.project_id == project_id, segments.c.deleted_at.is_(None))
    with engine.connect() as connection:
        return [_segment(row) for row in connection.execute(query.order_by(segments.c.id))]


def saved_segment(engine: Engine, project_id: int, key: str) -> SavedSegment | None:
    """One saved segment, or None."""
    return next((one for one in saved_segments(engine, project_id) if one.key == key), None)


def every_definition(engine: Engine, project_id: int) -> dict[str, dict[str, Any]]:
    """What each segment of a project says, by its key; those that were deleted and can come back, too."""
    query = select(segments.c.key, segments.c.definition).where(segments.c.project_id == project_id)
    with engine.connect() as connection:
        return {row.key: dict(row.definition) for row in connection.execute(query)}


def save_segment(
    engine: Engine,
    project_id: int,
    definition: Mapping[str, Any],
    *,
    by: str,
    now: int,
    check: Callable[[Mapping[str, Any] | None], None] = lambda _standing: None,
) -> SavedSegment:
    """Keep a definition under its key, in place of the former one; one that was deleted comes back.

    `check` gets the definition that stands, or None, which nobody can change meanwhile; whatever it raises
    leaves that as it is. Raises TooManySegments.
    """
    key = str(definition["key"])
    mine = (segments.c.project_id == project_id) & (segments.c.key == key)
    changed = {"definition": dict(definition), "changed_by": by, "changed_at": now, "deleted_at": None}
    with writing(engine) as connection:
        hold(connection, project_id)
        present = connection.execute(select(segments).where(mine)).first()
        stands = present is not None and present.deleted_at is None
        check(dict(present.definition) if present and stands else None)
        if not stands:
            _make_room(connection, project_id)
        if present is None:
            row = {"project_id": project_id, "key": key, "created_by": by, "created_at": now, **changed}
            connection.execute(segments.insert().values(row))
        else:
            connection.execute(update(segments).where(mine).values(changed))
        return _segment(connection.execute(select(segments).where(mine)).one())


def delete_segment(engine: Engine, project_id: int, key: str, *, by: str, now: int) -> bool:
    """Hide a segment; False when there is none."""
    return _hide(engine, project_id, key, hidden=False, by=by, now=now, deleted_at=now)


def restore_segment(engine: Engine, project_id: int, key: str, *, by: str, now: int) -> bool:
    """Bring a deleted segment back as it was; False when there is none. Raises TooManySegments."""
    return _hide(engine, project_id, key, hidden=True, by=by, now=now, deleted_at=None)


def _hide(
    engine: Engine, project_id: int, key: str, *, hidden: bool, by: str, now: int, deleted_at: int | None
) -> bool:
    is_hidden = segments.c.deleted_at.is_not(None) if hidden else segments.c.deleted_at.is_(None)
    mine = (segments.c.project_id == project_id) & (segments.c.key == key) & is_hidden
    with writing(engine) as connection:
        hold(connection, project_id)
        if hidden:
            _make_room(connection, project_id)
        change = update(segments).where(mine)
        values = {"deleted_at": deleted_at, "changed_by": by, "changed_at": now}
        return connection.execute(change.values(values)).rowcount == 1


def _make_room(connection: Connection, project_id: int) -> None:
    there = (segments.c.project_id == project_id) & segments.c.deleted_at.is_(None)
    if connection.execute(select(func.count()).where(there)).scalar_one() >= MOST_SEGMENTS:
        raise TooManySegments(
            tell("a project can keep %(most)s segments; delete one that is not used", most=MOST_SEGMENTS)
        )


def _segment(row: Row[Any]) -> SavedSegment:
    return SavedSegment(
        key=row.key,
        definition=dict(row.definition),
        created_by=row.created_by,
        created_at=row.created_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
