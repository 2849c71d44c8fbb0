"""The tables of what client libraries count themselves: each client's newest counters, and their growth."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from store.tables import metadata

# What each client of a service said last; what it says is counted since it was made, and only grows.
client_streams = Table(
    "client_streams",
    metadata,
    Column("project_id", BigInteger, primary_key=True),
    Column("service", String(100), primary_key=True),
    Column("stream", String(64), primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("counters", Text, nullable=False),  # JSON: what and why to how many
    Index("ix_client_streams_seen_at", "project_id", "seen_at"),
)

# By how much the counters of all clients of a service grew in each hour of receipt.
client_counts = Table(
    "client_counts",
    metadata,
    Column("project_id", BigInteger, primary_key=True),
    Column("hour", BigInteger, primary_key=True),  # milliseconds since 1970
    Column("service", String(100), primary_key=True),
    Column("what", String(16), primary_key=True),  # see store.client_health: COUNTS, or dropped
    Column("reason", String(32), primary_key=True),  # of drops
    Column("n", BigInteger, nullable=False),
)
