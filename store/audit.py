"""The audit log of a project: who changed what, when and from where. It only grows."""

from __future__ import annotations

from sqlalchemy import Engine, RowMapping, select

from store.db import writing
from store.tables_people import audit


def record(engine: Engine, project_id: int, *, by: str, did: str, address: str, now: int) -> None:
    """Write one line; longer texts are cut."""
    row = {"project_id": project_id, "at": now, "by": by[:254], "did": did[:500], "address": address[:64]}
    with writing(engine) as connection:
        connection.execute(audit.insert().values(row))


def lines(
    engine: Engine, project_id: int, *, by: str = "", before: int | None = None, limit: int = 100
) -> list[RowMapping]:
    """The newest lines, of one person where one is named, older than that of the number `before`."""
    query = select(audit).where(audit.c.project_id == project_id)
    if by:
        query = query.where(audit.c.by == by)
    if before is not None:
        query = query.where(audit.c.id < before)
    with engine.connect() as connection:
        return list(connection.execute(query.order_by(audit.c.id.desc()).limit(limit)).mappings().all())


def people(engine: Engine, project_id: int) -> list[str]:
    """Everyone who stands in the log."""
    query = select(audit.c.by).where(audit.c.project_id == project_id).distinct().order_by(audit.c.by)
    with engine.connect() as connection:
        return list(connection.scalars(query))
