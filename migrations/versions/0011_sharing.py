"""Who gets the weekly digest, and links that show one report to whoever has them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "digests",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("sent_for", sa.String(length=10), nullable=False),
        sa.Column("held_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_digests_user_id"), ondelete="cascade"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_digests_project_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("user_id", "project_id", name=op.f("pk_digests")),
    )
    op.create_table(
        "embeds",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("journey", sa.String(length=64), nullable=False),
        sa.Column("report", sa.String(length=32), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=254), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_embeds_project_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_embeds_token_hash")),
    )
    op.create_index(op.f("ix_embeds_project_id"), "embeds", ["project_id"])


def downgrade() -> None:
    for table in ("embeds", "digests"):
        op.drop_table(table)
