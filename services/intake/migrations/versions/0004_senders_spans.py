"""A delivery keeps the span of whoever sent it, so that their trace leads to ours."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One more column, empty where a sender says nothing."""
    op.add_column("deliveries", sa.Column("traceparent", sa.Text))
