"""How the inbox stands, and whether it can be written: what health pages ask for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, select

from store.db import writing
from store.inbox import waiting
from store.settings import Settings
from store.tables import inbox


@dataclass(frozen=True)
class InboxState:
    """How many envelopes of all projects wait, how many may, and since when the oldest of them does."""

    waiting: int
    limit: int
    oldest_seconds: int


def inbox_state(engine: Engine, settings: Settings, *, now: int) -> InboxState:
    """How the inbox stands."""
    oldest = oldest_waiting(engine)
    age = max(0, now - oldest) // 1000 if oldest else 0
    return InboxState(waiting(engine), settings.inbox_limit, age)


def oldest_waiting(engine: Engine) -> int | None:
    """When the envelope came that waits longest; None while none waits."""
    query = select(inbox.c.received_at).order_by(inbox.c.id).limit(1)
    with engine.connect() as connection:
        return connection.scalar(query)


def prove_writable(engine: Engine) -> None:
    """Put a row into the inbox and take it out in one commit; raises what the store raises when it cannot."""
    row = {"project_id": 0, "body": b"", "events": 0}
    with writing(engine) as connection:
        number = connection.execute(inbox.insert().values(row).returning(inbox.c.id)).scalar_one()
        connection.execute(inbox.delete().where(inbox.c.id == number))
