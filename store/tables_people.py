"""The tables around people: where they are signed in, links that let them in, and what they changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from store.tables import Id, metadata

# Of tokens only a hash is kept, as of keys.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="cascade"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),  # to some minutes
    Column("address", String(64), nullable=False),
    Column("agent", String(300), nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), nullable=False, index=True),
    Column("email", String(254), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_by", String(254), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),  # accepted, or taken back
)

password_resets = Table(
    "password_resets",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="cascade"), nullable=False, index=True),
    Column("expires_at", BigInteger, nullable=False),
)

failed_tries = Table(
    "failed_tries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mark_hash", String(64), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Index("ix_failed_tries_mark", "mark_hash", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(254), nullable=False),
    Column("did", String(500), nullable=False),
    Column("address", String(64), nullable=False),
    Index("ix_audit_project", "project_id", "id"),
)
