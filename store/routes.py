"""Route templates of a project: the list that counts, every list before it, who confirmed it and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from store.db import writing
from store.projects import hold
from store.tables_routes import route_lists
from store.words import tell


class RoutesChanged(Exception):
    """The list that was seen is not the newest one any more."""


@dataclass(frozen=True)
class RouteList:
    """One version of the list, in the order in which templates are tried; 0 is the empty beginning."""

    version: int
    templates: tuple[str, ...]
    created_by: str
    created_at: int


NONE = RouteList(0, (), "", 0)


def routes_of(engine: Engine, project_id: int) -> RouteList:
    """The list that counts."""
    with engine.connect() as connection:
        return _newest(connection, project_id)


def route_lists_of(engine: Engine, project_id: int, *, most: int = 100) -> list[RouteList]:
    """The last lists of a project, the newest first."""
    query = select(route_lists).where(route_lists.c.project_id == project_id)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(route_lists.c.version.desc()).limit(most))
        return [_list(row) for row in rows]


def route_list(engine: Engine, project_id: int, version: int) -> RouteList | None:
    """One version, or None."""
    mine = (route_lists.c.project_id == project_id) & (route_lists.c.version == version)
    with engine.connect() as connection:
        row = connection.execute(select(route_lists).where(mine)).first()
    return _list(row) if row else None


def save_routes(
    engine: Engine,
    project_id: int,
    templates: Sequence[str],
    *,
    by: str,
    now: int,
    seen: int | None = None,
) -> RouteList:
    """Keep a list as the next version; the newest is returned as it is where it is the same.

    Raises RoutesChanged where the newest version is not the one that was `seen`.
    """
    with writing(engine) as connection:
        hold(connection, project_id)
        newest = _newest(connection, project_id)
        if seen is not None and seen != newest.version:
            raise RoutesChanged(
                tell(
                    "the list has been changed since version %(seen)s was read; it is version %(now)s now",
                    seen=seen,
                    now=newest.version,
                )
            )
        if newest.templates == tuple(templates):
            return newest
        row = {
            "version": newest.version + 1,
            "templates": list(templates),
            "created_by": by,
            "created_at": now,
        }
        connection.execute(route_lists.insert().values(project_id=project_id, **row))
        return _newest(connection, project_id)


def _newest(connection: Connection, project_id: int) -> RouteList:
    query = select(route_lists).where(route_lists.c.project_id == project_id)
    row = connection.execute(query.order_by(route_lists.c.version.desc()).limit(1)).first()
    return _list(row) if row else NONE


def _list(row: Row[Any]) -> RouteList:
    return RouteList(row.version, tuple(row.templates), row.created_by, row.created_at)
