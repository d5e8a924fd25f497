"""What the figures need: the working time until a target was settled, and how many breaches were taken back.

A target that was settled before this has no working time until its conversation is folded again.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHANGES = (
    "alter table targets add column working_s bigint, add column retracted integer not null default 0",
    "create index targets_started on targets (organisation, started_at, target)",
    "create index targets_waiting on targets (organisation, due_at, target) where closing is null",
)


def upgrade() -> None:
    """Two columns, and an index for what is read by start and for what still waits."""
    for statement in CHANGES:
        op.execute(statement)
