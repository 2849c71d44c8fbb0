"""Batches and claims of workers, ingestion counts, project rules and tracking plans."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "event_id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_batch"), "claims", ["batch"])
    op.create_table(
        "ingestion",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=128), nullable=False),
        sa.Column("library", sa.String(length=150), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "hour", "what", "detail", "library", name=op.f("pk_ingestion")),
    )
    op.create_table(
        "project_rules",
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_rules_project_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_rules")),
    )
    op.create_table(
        "planned_events",
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.String(length=512), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("schema", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_planned_events_project_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("project_id", "event", name=op.f("pk_planned_events")),
    )
    op.create_index(op.f("ix_drops_received_at"), "drops", ["received_at"])
    op.create_table(
        "batches",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("family", sa.BigInteger(), nullable=False),
        sa.Column("ranges", sa.JSON(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("suspect", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_batches")),
        sqlite_autoincrement=True,
    )
    op.add_column("inbox", sa.Column("received_at", sa.BigInteger()))
    op.create_index(op.f("ix_inbox_received_at"), "inbox", ["received_at"])
    op.drop_index("ix_inbox_batch", "inbox")
    for column in ("batch", "claimed_until", "attempts"):
        op.drop_column("inbox", column)


def downgrade() -> None:
    op.add_column("inbox", sa.Column("batch", sa.BigInteger()))
    op.add_column("inbox", sa.Column("claimed_until", sa.BigInteger()))
    op.add_column("inbox", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_inbox_batch", "inbox", ["batch", "id"])
    op.drop_index(op.f("ix_inbox_received_at"), "inbox")
    op.drop_column("inbox", "received_at")
    op.drop_table("batches")
    op.drop_index(op.f("ix_drops_received_at"), "drops")
    for table in ("planned_events", "project_rules", "ingestion", "claims"):
        op.drop_table(table)
