"""The table of route templates: every list that a project has confirmed, one row a version."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from store.tables import Id, metadata

route_lists = Table(
    "route_lists",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("templates", JSON, nullable=False),
    Column("created_by", String(254), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "version"),
)
