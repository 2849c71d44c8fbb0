"""The identity ledger in depth: refused edges, typed identifiers, who changed what and when."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STANDING = sa.text("retracted_at is null")
REFUSED = sa.text("refused <> '' and retracted_at is null")
OPERATORS = sa.text("rule = 'operator' and retracted_at is null")

# What the new columns say of the edges and identities that are there.
ENTERED = "update edges set entered_at = at"
SHARED = """
update edges set refused = 'shared' where retracted_at is null and exists (
    select 1 from identities
    where identities.project_id = edges.project_id and identities.contested
    and identities.identity in (edges.a, edges.b)
)
"""
NEIGHBOURS = """
update identities set neighbours = (
    select count(*) from edges
    where edges.project_id = identities.project_id and edges.retracted_at is null
    and edges.a = identities.identity and edges.rule <> 'operator'
) + (
    select count(*) from edges
    where edges.project_id = identities.project_id and edges.retracted_at is null
    and edges.b = identities.identity and edges.rule <> 'operator'
)
"""


def upgrade() -> None:
    with op.batch_alter_table("identities") as table:
        table.alter_column("kind", type_=sa.String(length=64), existing_nullable=False)
        table.add_column(sa.Column("neighbours", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("changed", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("blocked_at", sa.BigInteger()))
        table.add_column(sa.Column("blocked_by", sa.String(length=254), nullable=False, server_default=""))
    op.create_index("ix_identities_changed", "identities", ["project_id", "changed"])
    with op.batch_alter_table("edges") as table:
        table.drop_constraint(op.f("uq_edges_project_id"), type_="unique")
        table.alter_column("rule", type_=sa.String(length=64), existing_nullable=False)
        table.add_column(sa.Column("entered_at", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("entered_by", sa.String(length=254), nullable=False, server_default=""))
        table.add_column(sa.Column("retracted_by", sa.String(length=254), nullable=False, server_default=""))
        table.add_column(sa.Column("refused", sa.String(length=16), nullable=False, server_default=""))
    _index("uq_edges_standing", ["project_id", "a", "b"], STANDING, unique=True)
    op.create_index("ix_edges_a", "edges", ["project_id", "a", "b"])
    _index("ix_edges_refused", ["project_id", "id"], REFUSED)
    _index("ix_edges_operator", ["project_id"], OPERATORS)
    op.create_table(
        "ledgers",
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("forgotten", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_ledgers_project_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_ledgers")),
    )
    for statement in (ENTERED, SHARED, NEIGHBOURS):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("ledgers")
    for index in ("ix_edges_operator", "ix_edges_refused", "ix_edges_a", "uq_edges_standing"):
        op.drop_index(index, "edges")
    # Only one edge of a pair may be left; identifiers of other types mean nothing to the older program.
    op.execute(
        "delete from edges where exists (select 1 from edges as newer where newer.id > edges.id "
        "and newer.project_id = edges.project_id and newer.a = edges.a and newer.b = edges.b)"
    )
    op.execute("delete from edges where rule not in ('identify', 'both_ids', 'alias', 'operator')")
    op.execute("delete from identities where kind not in ('user', 'anonymous')")
    with op.batch_alter_table("edges") as table:
        for column in ("entered_at", "entered_by", "retracted_by", "refused"):
            table.drop_column(column)
        table.alter_column("rule", type_=sa.String(length=16), existing_nullable=False)
        table.create_unique_constraint(op.f("uq_edges_project_id"), ["project_id", "a", "b"])
    op.drop_index("ix_identities_changed", "identities")
    with op.batch_alter_table("identities") as table:
        for column in ("neighbours", "changed", "blocked_at", "blocked_by"):
            table.drop_column(column)
        table.alter_column("kind", type_=sa.String(length=16), existing_nullable=False)


def _index(name: str, columns: list[str], where: sa.TextClause, *, unique: bool = False) -> None:
    op.create_index(name, "edges", columns, unique=unique, sqlite_where=where, postgresql_where=where)
