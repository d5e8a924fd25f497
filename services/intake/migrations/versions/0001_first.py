"""Sources, deliveries, conversations with their items, posts; the bus's tables; audit."""

from alembic import op

from shared.bus.schema import create_bus_tables
from shared.platform.audit import create_audit_table
from shared.platform.idempotency import create_idempotency_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DOORS = (
    """
    create table sources (
        organisation text not null,
        source text not null,
        network text not null check (network in ('meta', 'x', 'linkedin', 'standard')),
        accounts text[] not null,
        secrets text[] not null,
        verify_token text,
        created_at timestamptz not null default clock_timestamp(),
        changed_at timestamptz not null default clock_timestamp(),
        primary key (organisation, source)
    )
    """,
    """
    create table pseudonym_keys (
        organisation text primary key,
        key bytea not null check (length(key) = 32),
        created_at timestamptz not null default clock_timestamp()
    )
    """,
    "create sequence delivery_order",
    """
    create table deliveries (
        organisation text not null,
        source text not null,
        delivery text not null,
        place bigint not null,
        state text not null default 'pending' check (state in ('pending', 'done', 'failed')),
        raw bytea,
        received_at timestamptz not null,
        accepted_at timestamptz not null default clock_timestamp(),
        settled_at timestamptz,
        attempts integer not null default 0,
        code text,
        detail text,
        primary key (organisation, source, delivery),
        constraint deliveries_raw check ((raw is null) = (state = 'done'))
    )
    """,
    "create unique index deliveries_place on deliveries (organisation, place)",
    "create index deliveries_pending on deliveries (organisation, place) where state = 'pending'",
    "create index deliveries_failed on deliveries (organisation, place) where state = 'failed'",
    "create index deliveries_age on deliveries (organisation, accepted_at)",
)

INBOX = (
    """
    create table conversations (
        organisation text not null,
        conversation text not null,
        replied_at timestamptz,
        waived_at timestamptz,
        story text,
        primary key (organisation, conversation)
    )
    """,
    """
    create table items (
        organisation text not null,
        message text not null,
        conversation text not null,
        external text not null,
        added boolean not null,
        site text,
        network text,
        visibility text check (visibility in ('public', 'private')),
        posted_at timestamptz,
        received_at timestamptz,
        time_basis text check (time_basis in ('platform', 'delivery', 'receipt')),
        author text,
        author_external text,
        author_name text,
        author_handle text,
        in_reply_to text,
        permalink text,
        media text,
        text text,
        kind text not null,
        flags text[] not null,
        why text[] not null,
        classified_by text not null check (classified_by in ('rule', 'person')),
        revision integer not null,
        edited_at timestamptz,
        deleted_at timestamptz,
        moderated text check (moderated in ('hidden', 'removed')),
        moderated_at timestamptz,
        counts_from timestamptz,
        settled text check (settled in ('answered', 'waived')),
        state text not null generated always as (
            case when deleted_at is not null then 'deleted' else coalesce(moderated, settled, 'open') end
        ) stored,
        primary key (organisation, message),
        foreign key (organisation, conversation) references conversations
    )
    """,
    "create index items_waiting on items (organisation, conversation) where settled is null",
    "create index items_external on items (organisation, external)",
    "create index items_newest on items (organisation, posted_at, message) where text is not null",
    "create index items_state on items (organisation, state, posted_at, message) where text is not null",
    """
    create table revisions (
        organisation text not null,
        message text not null,
        revision integer not null,
        text text not null,
        edited_at timestamptz,
        received_at timestamptz not null,
        primary key (organisation, message, revision)
    )
    """,
    """
    create table replies (
        organisation text not null,
        reply text not null,
        conversation text not null,
        site text not null,
        visibility text not null,
        posted_at timestamptz not null,
        account text,
        automatic boolean not null,
        text text,
        primary key (organisation, reply)
    )
    """,
    "create index replies_conversation on replies (organisation, conversation, posted_at)",
    """
    create table moderations (
        organisation text not null,
        message text not null,
        action text not null check (action in ('hidden', 'removed', 'restored')),
        at timestamptz not null,
        reason text not null,
        given boolean not null,
        actor text,
        primary key (organisation, message, action, at)
    )
    """,
    """
    create table notes (
        organisation text not null,
        message text not null,
        note_number bigint generated always as identity,
        at timestamptz not null,
        actor text not null,
        action text not null,
        note text not null,
        primary key (organisation, message, note_number)
    )
    """,
    """
    create table posts (
        organisation text not null,
        post text not null,
        external text not null,
        site text not null,
        category text not null,
        at timestamptz not null,
        text text,
        primary key (organisation, post)
    )
    """,
)


def upgrade() -> None:
    """Create everything."""
    for statement in (*DOORS, *INBOX):
        op.execute(statement)
    create_bus_tables(op)
    create_audit_table(op)
    create_idempotency_table(op)
