"""The table of saved segments: runs by conditions, which reports can choose by name."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, String, Table, UniqueConstraint

from store.tables import Id, metadata

segments = Table(
    "segments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("definition", JSON, nullable=False),
    Column("created_by", String(254), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_by", String(254), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),  # hidden, until it is saved or restored
    UniqueConstraint("project_id", "key"),
)
