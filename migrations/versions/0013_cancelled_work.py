"""Work that was cancelled in another process than the one that is at it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "cancelled_work",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancelled_work")),
    )
    op.create_index(op.f("ix_cancelled_work_name"), "cancelled_work", ["name"])
    op.create_index(op.f("ix_cancelled_work_at"), "cancelled_work", ["at"])


def downgrade() -> None:
    op.drop_table("cancelled_work")
