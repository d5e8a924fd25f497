"""The journal of facts, conversations, targets, authors and their blocks; the bus's tables; the audit trail."""

from alembic import op

from shared.bus.schema import create_bus_tables
from shared.platform.audit import create_audit_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    create table authors (
        organisation text not null,
        author text not null,
        primary key (organisation, author)
    )
    """,
    """
    create table blocks (
        organisation text not null,
        author text not null,
        source text not null,
        id text not null,
        name text not null,
        at timestamptz not null,
        details jsonb not null,
        recorded_at timestamptz not null default clock_timestamp(),
        primary key (organisation, author, source, id)
    )
    """,
    """
    create table conversations (
        organisation text not null,
        conversation text not null,
        state text not null default 'answered'
            constraint conversations_state check (state in ('open', 'answered', 'monitoring', 'resolved')),
        next_at timestamptz,
        primary key (organisation, conversation)
    )
    """,
    "create index conversations_next_at on conversations (next_at) where next_at is not null",
    """
    create table facts (
        organisation text not null,
        conversation text not null,
        source text not null,
        id text not null,
        name text not null,
        at timestamptz not null,
        message text,
        author text,
        details jsonb not null,
        recorded_at timestamptz not null default clock_timestamp(),
        primary key (organisation, conversation, source, id)
    )
    """,
    "create index facts_author on facts (organisation, author, conversation) where author is not null",
    """
    create table targets (
        organisation text not null,
        target uuid not null,
        conversation text not null,
        kind text not null,
        message text not null,
        message_kind text not null,
        site text not null,
        cycle integer not null,
        started_at timestamptz not null,
        due_at timestamptz not null,
        warn_at timestamptz[] not null,
        policy text not null,
        observe boolean not null,
        clauses text[] not null,
        story text not null,
        owner text,
        state text not null
            constraint targets_state
            check (state in ('open', 'met', 'breached', 'waived', 'exempted', 'voided', 'withdrawn')),
        revision integer not null,
        warned_at timestamptz,
        breach text,
        noticed_at timestamptz,
        settled_at timestamptz,
        closing text,
        reason text,
        primary key (organisation, target)
    )
    """,
    "create index targets_conversation on targets (organisation, conversation)",
    "create index targets_due on targets (organisation, due_at, target)",
    "create index targets_state on targets (organisation, state, due_at, target)",
)


def upgrade() -> None:
    """Create everything."""
    for statement in TABLES:
        op.execute(statement)
    create_bus_tables(op)
    create_audit_table(op)
