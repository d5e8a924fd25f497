"""What people did about a conversation, and how long sla says that each still has."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ACTS = (
    """
    alter table conversations
        add column private_at timestamptz,
        add column resolved_at timestamptz,
        add column owner text
    """,
    """
    alter table items
        add column notice_at timestamptz,
        add column explained_at timestamptz,
        add column reference text
    """,
)

DEADLINES = (
    """
    create table targets (
        organisation text not null,
        target text not null,
        conversation text not null,
        message text not null,
        kind text not null,
        revision integer not null,
        state text not null check (
            state in ('open', 'breached', 'met', 'answered-late', 'exempted', 'waived', 'voided', 'withdrawn')
        ),
        started_at timestamptz not null,
        due_at timestamptz not null,
        primary key (organisation, target)
    )
    """,
    "create index targets_conversation on targets (organisation, conversation, started_at)",
    """
    create index targets_running on targets (organisation, conversation, due_at)
    where state in ('open', 'breached')
    """,
)


def upgrade() -> None:
    """Add to what there is."""
    for statement in (*ACTS, *DEADLINES):
        op.execute(statement)
