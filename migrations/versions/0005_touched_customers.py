"""Customers whose runs and sessions are to be computed anew, and identities by their value."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SHORT = sa.text("length(value) <= 256")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "touched",
        sa.Column("project_id", Id, nullable=False),
        sa.Column("customer", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_touched_project_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("project_id", "customer", name=op.f("pk_touched")),
    )
    op.create_index(
        "ix_identities_value",
        "identities",
        ["project_id", "value"],
        sqlite_where=SHORT,
        postgresql_where=SHORT,
        postgresql_ops={"value": "text_pattern_ops"},
    )
    with op.batch_alter_table("ledgers") as table:
        table.drop_column("rules")


def downgrade() -> None:
    with op.batch_alter_table("ledgers") as table:
        table.add_column(sa.Column("rules", sa.String(length=32), nullable=False, server_default=""))
    op.drop_index("ix_identities_value", "identities")
    op.drop_table("touched")
