"""The organisations take turns at having their images judged again."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Find the longest waiting of one organisation at once."""
    op.execute("create index recheck_turn on recheck (organisation, id)")
