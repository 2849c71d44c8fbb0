"""The tables of erasing and forgetting: who may not come back, erasures with receipts, retention reports."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from store.tables import Id, metadata

# Keyed hashes of identities whose events are dropped. Nobody can be found by them without the key.
suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("hash", LargeBinary(16), nullable=False),
    Column("erasure", BigInteger, nullable=False, index=True),  # with which it came; they are lifted together
    UniqueConstraint("project_id", "hash"),
    sqlite_autoincrement=True,
)

# Erasures asked for. What names the customer is emptied when one is done; the receipt names nobody.
erasures = Table(
    "erasures",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("asked_by", String(254), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("is_rewriting", Boolean, nullable=False),  # the files of the event store are rewritten at its end
    Column("stage", String(16), nullable=False),  # the one to do next; `done` at the end
    Column("whom", JSON, nullable=False),  # the customer, its identities, its neighbours
    Column("waits_for", JSON, nullable=False),  # batches and envelopes that may hold events from before
    Column("counts", JSON, nullable=False),  # what was found, by pass and kind
    Column("held_until", BigInteger, nullable=False),  # by the process that works on it
    Column("problem", Text, nullable=False),  # why it stands still; empty while it does not
    Column("finished_at", BigInteger),
    Column("receipt", JSON),
    Index("ix_erasures_project", "project_id", "id"),
)

# What retention deleted of a project, run by run.
retention_reports = Table(
    "retention_reports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("report", JSON, nullable=False),
    Index("ix_retention_reports_project", "project_id", "id"),
)
