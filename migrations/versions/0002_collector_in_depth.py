"""Claims, ingestion counts, project rules and tracking plans; what the inbox knows of trouble."""

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
    op.add_column("inbox", sa.Column("received_at", sa.BigInteger()))
    op.add_column("inbox", sa.Column("alone", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("inbox", sa.Column("problem", sa.Text()))


def downgrade() -> None:
    for column in ("problem", "alone", "received_at"):
        with op.batch_alter_table("inbox") as inbox:
            inbox.drop_column(column)
    op.drop_index(op.f("ix_drops_received_at"), "drops")
    for table in ("planned_events", "project_rules", "ingestion", "claims"):
        op.drop_table(table)
