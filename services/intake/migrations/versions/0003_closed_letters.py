"""A dead letter that can never be read is closed by somebody, with a reason."""

from alembic import op

from shared.bus.schema import let_dead_letters_be_closed

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One more state, and what is noted with it."""
    let_dead_letters_be_closed(op)
