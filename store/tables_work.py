"""The table of work that is not waited for any more, for the process that is at it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table

from store.tables import Id, metadata

cancelled_work = Table(
    "cancelled_work",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, index=True),  # see store.work
    Column("at", BigInteger, nullable=False, index=True),
)
