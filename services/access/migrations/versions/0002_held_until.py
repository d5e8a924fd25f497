"""Until when a leave was held back, so that what was heard meanwhile does not come too late once it is let go."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A leave that is held already counts from what was heard of it; one that was let go is as it was told."""
    op.execute("alter table stints add column held_until timestamptz")
    op.execute(
        """
        update stints set held_until = (
            select max(f.known_at) from facts f
            where f.organisation = stints.organisation and f.person = stints.person
        )
        where hold is not null
        """
    )
