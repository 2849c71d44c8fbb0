"""The tables of what is shared: who gets the weekly digest, and links that show one report."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, String, Table

from store.tables import Id, metadata

digests = Table(
    "digests",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="cascade"), primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("sent_for", String(10), nullable=False),  # the Monday of the last letter, '' before the first
    Column("held_until", BigInteger, nullable=False),  # until then a process is at the letter
)

# Of tokens only a hash is kept, as of keys.
embeds = Table(
    "embeds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), nullable=False, index=True),
    Column("journey", String(64), nullable=False),
    Column("report", String(32), nullable=False),
    Column("asked", JSON, nullable=False),  # the arguments of the address that the report is asked with
    Column("origins", JSON, nullable=False),  # sites that may frame it; any where there are none
    Column("created_by", String(254), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),  # to some minutes
    Column("revoked_at", BigInteger),
)
