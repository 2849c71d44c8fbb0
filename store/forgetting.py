"""Forgets what is older than it may be kept, a little at a time: others wait for the same write lock."""

from __future__ import annotations

from sqlalchemy import Engine, select

from store.db import writing
from store.tables import batches, claims, drops, ingestion
from store.tables_health import client_counts, client_streams

DROPS_AT_ONCE = 500
HOURS_AT_ONCE = 24


def forget_drops(engine: Engine, before: int) -> int:
    """Delete some drops that came before this time; returns how many, 0 when none is left."""
    oldest = (
        select(drops.c.id)
        .where(drops.c.received_at.between(1, before - 1))  # 0: when it came is not known
        .order_by(drops.c.received_at)
        .limit(DROPS_AT_ONCE)
        .with_for_update(skip_locked=True)  # a replay may be about to take them
    )
    with engine.connect() as connection:
        if connection.execute(oldest.with_only_columns(drops.c.id).limit(1)).first() is None:
            return 0
    with writing(engine) as connection:
        return connection.execute(drops.delete().where(drops.c.id.in_(oldest))).rowcount


def forget_claims(engine: Engine) -> int:
    """Delete claims of batches that are gone: a worker that was paused for long may have left some."""
    with writing(engine) as connection:
        gone = claims.c.batch.not_in(select(batches.c.number))
        return connection.execute(claims.delete().where(gone)).rowcount


def forget_counts(engine: Engine, before: int) -> int:
    """Delete the ingestion counts of some hours before this time; returns how many, 0 when none is left."""
    hours = (
        select(ingestion.c.hour)
        .where(ingestion.c.hour < before)
        .distinct()
        .order_by(ingestion.c.hour)
        .limit(HOURS_AT_ONCE)
    )
    with engine.connect() as connection:
        found = [row.hour for row in connection.execute(hours)]
    if not found:
        return 0
    with writing(engine) as connection:
        return connection.execute(ingestion.delete().where(ingestion.c.hour.in_(found))).rowcount


def forget_clients(engine: Engine, before: int) -> int:
    """Delete clients that said nothing since this time; returns how many."""
    with writing(engine) as connection:
        return connection.execute(client_streams.delete().where(client_streams.c.seen_at < before)).rowcount


def forget_client_counts(engine: Engine, before: int) -> int:
    """Delete what clients counted in the hours before this time; returns how many sums."""
    with writing(engine) as connection:
        return connection.execute(client_counts.delete().where(client_counts.c.hour < before)).rowcount
