"""Erasures with receipts, suppressed identities, and reports of retention."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _project(table: str) -> list[sa.schema.SchemaItem]:
    key = sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f(f"fk_{table}_project_id"))
    return [sa.Column("project_id", Id, nullable=False), key]


def upgrade() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", Id, nullable=False),
        *_project("suppressions"),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("erasure", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("project_id", "hash", name=op.f("uq_suppressions_project_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_suppressions_erasure"), "suppressions", ["erasure"])
    op.create_table(
        "erasures",
        sa.Column("id", Id, nullable=False),
        *_project("erasures"),
        sa.Column("asked_by", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("is_rewriting", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("whom", sa.JSON(), nullable=False),
        sa.Column("waits_for", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("receipt", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_project", "erasures", ["project_id", "id"])
    op.create_table(
        "retention_reports",
        sa.Column("id", Id, nullable=False),
        *_project("retention_reports"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_reports")),
    )
    op.create_index("ix_retention_reports_project", "retention_reports", ["project_id", "id"])


def downgrade() -> None:
    for table in ("retention_reports", "erasures", "suppressions"):
        op.drop_table(table)
