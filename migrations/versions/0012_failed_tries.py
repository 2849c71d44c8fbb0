"""Failed sign-ins, by marks of which a hash is kept: each process counts those of all."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "failed_tries",
        sa.Column("id", Id, nullable=False),
        sa.Column("mark_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_tries")),
    )
    op.create_index(op.f("ix_failed_tries_at"), "failed_tries", ["at"])
    op.create_index("ix_failed_tries_mark", "failed_tries", ["mark_hash", "at"])


def downgrade() -> None:
    op.drop_table("failed_tries")
