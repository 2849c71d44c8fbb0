"""The tables of the relational store, as SQLAlchemy sees them. Migrations make them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for INTEGER keys.
Id = BigInteger().with_variant(Integer, "sqlite")

SHORT = "length(value) <= 256"

kept = Table(
    "kept",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("timezone", String(64), nullable=False, default="UTC"),
    Column("created_at", BigInteger, nullable=False),
)

write_keys = Table(
    "write_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False, index=True),
    Column("side", String(16), nullable=False),  # browser | server
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("key_text", String(64)),  # only browser keys are public and can be shown again
    Column("hint", String(16), nullable=False),
    Column("origins", JSON, nullable=False, default=list),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(200), nullable=False, default=""),
    Column("password_hash", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("totp_secret", String(64)),  # where a code is asked for beside the password
    Column("totp_step", BigInteger),  # of the last code that was taken
    Column("recovery", JSON),  # hashes of codes for whoever has lost the telephone
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="cascade"), primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), primary_key=True),
    Column("role", String(16), nullable=False),  # viewer | editor | admin
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("scopes", JSON),  # parts of the API that it opens; all where there are none
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("used_at", BigInteger),  # to some minutes
)

journeys = Table(
    "journeys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    UniqueConstraint("project_id", "key"),
)

journey_versions = Table(
    "journey_versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("journey_id", ForeignKey("journeys.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("status", String(16), nullable=False),  # see JourneyVersion
    Column("chunks_done", Integer, nullable=False, default=0),
    Column("chunks_total", Integer, nullable=False, default=0),
    Column("created_by", String(254), nullable=False, default=""),
    Column("created_at", BigInteger, nullable=False),
    Column("filled_at", BigInteger),
    UniqueConstraint("journey_id", "version"),
)

identities = Table(
    "identities",
    metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("identity", BigInteger, primary_key=True),
    Column("kind", String(64), nullable=False),  # anonymous | user | a type of identifier
    Column("value", Text, nullable=False),  # as it is shown: e-mail addresses and phone numbers are masked
    Column("customer", BigInteger, nullable=False),
    Column("contested", Boolean, nullable=False, default=False),
    Column("neighbours", Integer, nullable=False, default=0),  # standing edges but operators'
    Column("changed", BigInteger, nullable=False, default=0),  # the ledger's version that changed it last
    Column("blocked_at", BigInteger),
    Column("blocked_by", String(254), nullable=False, default=""),
    Index("ix_identities_customer", "project_id", "customer"),
    Index("ix_identities_changed", "project_id", "changed"),
    Index(  # PostgreSQL refuses an index of long values
        "ix_identities_value",
        *("project_id", "value"),
        sqlite_where=text(SHORT),
        postgresql_where=text(SHORT),
        postgresql_ops={"value": "text_pattern_ops"},
    ),
    Index(
        "ix_identities_contested",
        "project_id",
        sqlite_where=text("contested"),
        postgresql_where=text("contested"),
    ),
)

# Edges are added and retracted, never deleted. One edge of a pair stands; the retracted ones are its history.
edges = Table(
    "edges",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    Column(
        "rule", String(64), nullable=False
    ),  # identify | both_ids | alias | operator | an identifier's type
    Column("evidence", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),  # the event's time; the least one that was seen
    Column("entered_at", BigInteger, nullable=False, default=0),
    Column("entered_by", String(254), nullable=False, default=""),  # which operator
    Column("retracted_at", BigInteger),
    Column("retracted_by", String(254), nullable=False, default=""),
    Column("refused", String(16), nullable=False, default=""),  # why it joins nothing now
    Index(
        "uq_edges_standing",
        *("project_id", "a", "b"),
        unique=True,
        sqlite_where=text("retracted_at is null"),
        postgresql_where=text("retracted_at is null"),
    ),
    Index("ix_edges_a", "project_id", "a", "b"),
    Index("ix_edges_b", "project_id", "b"),
    Index(
        "ix_edges_refused",
        *("project_id", "id"),
        sqlite_where=text("refused <> '' and retracted_at is null"),
        postgresql_where=text("refused <> '' and retracted_at is null"),
    ),
    Index(
        "ix_edges_operator",
        "project_id",
        sqlite_where=text("rule = 'operator' and retracted_at is null"),
        postgresql_where=text("rule = 'operator' and retracted_at is null"),
    ),
)

# The ledger of each project: versions are microseconds since 1970, and grow.
ledgers = Table(
    "ledgers",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), primary_key=True),
    Column("version", BigInteger, nullable=False),  # of its last change
    Column("told", BigInteger, nullable=False),  # up to which version the event store knows it
    Column("forgotten", BigInteger, nullable=False, default=0),  # when identities were last deleted
)

# Customers that a change of the ledger has touched, until their runs and sessions are computed anew.
touched = Table(
    "touched",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), primary_key=True),
    Column("customer", BigInteger, primary_key=True),
    Column("version", BigInteger, nullable=False),  # of the last change
    Column(
        "tried_at", BigInteger, nullable=False, default=0
    ),  # when it failed for this customer alone, or was put off
    Column(
        "tries", Integer, nullable=False, default=0
    ),  # that failed; below zero: how often it was put off again
    Column("problem", Text, nullable=False, default=""),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("events", Integer, nullable=False),
    Column("received_at", BigInteger),
    Index("ix_inbox_received_at", "received_at"),  # small, so counting need not read the bodies
    sqlite_autoincrement=True,
)

# Which envelopes workers hold. The envelopes themselves are not touched until they are stored.
batches = Table(
    "batches",
    metadata,
    Column("number", Id, primary_key=True),
    Column("family", BigInteger, nullable=False),  # the batch that it was a part of; else its own number
    Column("ranges", JSON, nullable=False),  # of inbox ids: [[first, last], …], each id of which was seen
    Column("claimed_until", BigInteger, nullable=False),
    Column("turn", Integer, nullable=False),  # grows with every claim: who knows it still holds the batch
    Column("attempts", Integer, nullable=False),
    Column("suspect", Boolean, nullable=False),  # it is tried in ever smaller parts, down to one envelope
    Column("problem", Text, nullable=False),  # why it failed the last time
    sqlite_autoincrement=True,
)

drops = Table(
    "drops",
    metadata,
    Column("id", Id, primary_key=True),
    Column("project_id", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("place", String(16), nullable=False),  # door | pipeline | worker | import
    Column("code", String(32), nullable=False),
    Column("field", String(64), nullable=False, default=""),
    Column("message", Text, nullable=False),
    Column("original", LargeBinary, nullable=False),
    Index("ix_drops_project", "project_id", "id"),
    Index("ix_drops_received_at", "received_at"),
)

# Which of several workers' batches counts a message; a row lives from the claim to the acknowledgement.
claims = Table(
    "claims",
    metadata,
    Column("project_id", BigInteger, primary_key=True),
    Column("event_id", LargeBinary(16), primary_key=True),
    Column("batch", BigInteger, nullable=False, index=True),
)

# What became of the events of one hour of receipt: the sums behind the ingestion page.
ingestion = Table(
    "ingestion",
    metadata,
    Column("project_id", BigInteger, primary_key=True),
    Column("hour", BigInteger, primary_key=True),  # milliseconds since 1970
    Column("what", String(16), primary_key=True),  # accepted | duplicate | dropped | late | bot | violation
    Column("detail", String(128), primary_key=True),  # the reason, or the planned event
    Column("library", String(150), primary_key=True),
    Column("n", BigInteger, nullable=False),
)

project_rules = Table(
    "project_rules",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

planned_events = Table(
    "planned_events",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="cascade"), primary_key=True),
    Column("event", String(512), primary_key=True),
    Column("description", Text, nullable=False, default=""),
    Column("schema", JSON, nullable=False),  # a JSON Schema of the event's properties
    Column("changed_at", BigInteger, nullable=False),
)
