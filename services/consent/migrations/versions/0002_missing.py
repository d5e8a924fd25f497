"""Images that lack something are listed without reading those that lack nothing."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index them."""
    op.execute("create index versions_missing on versions (organisation, image) where told <> '[]'")
