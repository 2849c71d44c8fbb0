"""What client libraries count of themselves: each client's newest counters, and their growth by hour."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_streams",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("stream", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("counters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "service", "stream", name=op.f("pk_client_streams")),
    )
    op.create_index("ix_client_streams_seen_at", "client_streams", ["project_id", "seen_at"])
    op.create_table(
        "client_counts",
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "hour", "service", "what", "reason", name=op.f("pk_client_counts")
        ),
    )


def downgrade() -> None:
    op.drop_table("client_counts")
    op.drop_index("ix_client_streams_seen_at", "client_streams")
    op.drop_table("client_streams")
