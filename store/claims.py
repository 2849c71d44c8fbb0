"""Which batch counts a message, where several workers may hold copies of it at the same moment.

A claim is made before the event store is asked whether it knows the message, and lives until the batch is
acknowledged. So of two workers with copies either one sees the other's claim, or the stored message.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Engine,
    LargeBinary,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from store.batches import require_held
from store.db import writing
from store.tables import claims

AT_ONCE = 10_000


class Claims:
    """The claims of all workers on one relational store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(
        self, project_id: int, ids: Sequence[bytes], *, batch: int, turn: int | None = None
    ) -> set[bytes]:
        """Claim these messages for a batch; returns those that another batch has already.

        With the `turn` in which its worker has the batch, raises NotHeld where another one has it by now, or
        tries it in parts, which claim the messages for themselves.
        """
        taken: set[bytes] = set()
        ordered = sorted(ids)  # always in one order, so that two workers cannot wait for each other
        for start in range(0, len(ordered), AT_ONCE):
            some = ordered[start : start + AT_ONCE]
            with writing(self._engine) as connection:
                if turn is not None:
                    require_held(connection, batch, turn)
                if connection.dialect.name == "sqlite":
                    taken |= _claim_in_sqlite(connection, project_id, some, batch)
                else:
                    taken |= _claim_in_postgresql(connection, project_id, some, batch)
        return taken


def _claim_in_postgresql(connection: Connection, project_id: int, ids: list[bytes], batch: int) -> set[bytes]:
    all_ids = bindparam("ids", ids, type_=ARRAY(LargeBinary))
    rows = select(literal(project_id), func.unnest(all_ids), literal(batch, BigInteger))
    insert = postgresql.insert(claims).from_select(["project_id", "event_id", "batch"], rows)
    # One statement locks the rows and says whose they are: between two, a claim could be given up.
    whose = insert.on_conflict_do_update(
        index_elements=["project_id", "event_id"], set_={"batch": claims.c.batch}
    ).returning(claims.c.event_id, claims.c.batch)
    return {bytes(row.event_id) for row in connection.execute(whose) if row.batch != batch}


def _claim_in_sqlite(connection: Connection, project_id: int, ids: list[bytes], batch: int) -> set[bytes]:
    rows = [{"project_id": project_id, "event_id": one, "batch": batch} for one in ids]
    connection.execute(sqlite.insert(claims).on_conflict_do_nothing(), rows)
    others = select(claims.c.event_id).where(claims.c.project_id == project_id, claims.c.batch != batch)
    wanted = set(ids)
    return {row.event_id for row in connection.execute(others) if row.event_id in wanted}
