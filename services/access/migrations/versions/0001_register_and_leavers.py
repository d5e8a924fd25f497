"""The register, the journal of facts, stints, revocations, cases, evidence; the bus's tables; the audit trail."""

from alembic import op

from shared.bus.schema import create_bus_tables
from shared.platform.audit import append_only, create_audit_table
from shared.platform.idempotency import create_idempotency_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "create table organisations (organisation text primary key)",
    """
    create table people (
        organisation text not null,
        person text not null,
        name text,
        work_email text,
        roles text[] not null default '{}',
        manager text,
        team text,
        suspended boolean not null default false,
        registered boolean not null default false,
        next_at timestamptz,
        primary key (organisation, person)
    )
    """,
    "create index people_next_at on people (next_at) where next_at is not null",
    "create index people_manager on people (organisation, manager) where manager is not null",
    """
    create table facts (
        organisation text not null,
        person text not null,
        source text not null,
        id text not null,
        name text not null,
        at timestamptz not null,
        known_at timestamptz not null,
        details jsonb not null,
        recorded_at timestamptz not null default clock_timestamp(),
        primary key (organisation, person, source, id)
    )
    """,
    """
    create table stints (
        organisation text not null,
        person text not null,
        stint text not null,
        starts_on date not null,
        begins timestamptz not null,
        state text not null constraint stints_state check (state in ('active', 'leaving', 'left')),
        leave_at timestamptz,
        known_at timestamptz,
        cause text,
        story text,
        counted_at timestamptz,
        hold text,
        snapshot text,
        primary key (organisation, person, stint)
    )
    """,
    "create index stints_counted_at on stints (organisation, counted_at) where counted_at is not null",
    "create index stints_hold on stints (organisation, hold) where hold is not null",
    """
    create table sites (
        organisation text not null,
        site text not null,
        network text,
        kind text,
        name text,
        url text,
        owner text,
        owner_since timestamptz,
        state text,
        approved_on date,
        primary key (organisation, site)
    )
    """,
    "create index sites_owner on sites (organisation, owner) where owner is not null",
    """
    create table accounts (
        organisation text not null,
        account text not null,
        person text,
        network text,
        kind text,
        email text,
        mfa text,
        primary key (organisation, account)
    )
    """,
    "create index accounts_person on accounts (organisation, person) where person is not null",
    """
    create table grants (
        organisation text not null,
        "grant" text not null,
        account text not null,
        site text not null,
        role text not null,
        business_case text,
        approved_by text,
        approved_on date,
        review_on date,
        state text not null default 'active' constraint grants_state check (state in ('active', 'revoked')),
        since timestamptz not null,
        primary key (organisation, "grant")
    )
    """,
    "create index grants_account on grants (organisation, account)",
    "create index grants_site on grants (organisation, site)",
    """
    create table revocations (
        organisation text not null,
        revocation text not null,
        person text not null,
        stint text not null,
        kind text not null,
        item text not null,
        action text not null,
        "grant" text,
        site text,
        account text,
        network text,
        role text,
        reason text not null,
        leave_at timestamptz,
        known_at timestamptz not null,
        deadline timestamptz not null,
        levels timestamptz[] not null,
        policy text not null,
        owner text not null,
        state text not null constraint revocations_state check (state in (
            'planned', 'requested', 'dispatched', 'assigned', 'claimed', 'verifying', 'confirmed', 'failed',
            'held-last-admin', 'cancelled', 'waived', 'reopened')),
        story text not null,
        cause text not null,
        level integer not null default 0,
        claimed_by text,
        claimed_at timestamptz,
        confirmed_by text,
        confirmed_at timestamptz,
        evidence text,
        waived_until timestamptz,
        next_at timestamptz,
        primary key (organisation, revocation),
        constraint revocations_item unique (organisation, person, stint, kind, item)
    )
    """,
    "create index revocations_next_at on revocations (next_at) where next_at is not null",
    "create index revocations_deadline on revocations (organisation, deadline, revocation)",
    "create index revocations_held on revocations (organisation) where state = 'held-last-admin'",
    'create index revocations_grant on revocations (organisation, "grant") where "grant" is not null',
    """
    create table cases (
        organisation text not null,
        "case" text not null,
        kind text not null,
        person text,
        subjects text[] not null,
        candidates integer,
        state text not null constraint cases_state check (state in ('open', 'closed')),
        outcome text,
        opened_at timestamptz not null,
        closed_at timestamptz,
        closed_by text,
        primary key (organisation, "case")
    )
    """,
    "create index cases_person on cases (organisation, person)",
    "create index cases_opened_at on cases (organisation, kind, opened_at)",
    """
    create table evidence (
        organisation text not null,
        hash text not null,
        media_type text not null,
        content bytea not null,
        added_by text not null,
        added_at timestamptz not null,
        primary key (organisation, hash)
    )
    """,
    """
    create table history (
        organisation text not null,
        position bigint generated always as identity,
        kind text not null,
        id text not null,
        at timestamptz not null,
        actor text not null,
        entry jsonb not null,
        primary key (organisation, position)
    )
    """,
    "create index history_of on history (organisation, kind, id, position)",
)


def upgrade() -> None:
    """Create everything."""
    for statement in TABLES:
        op.execute(statement)
    create_bus_tables(op)
    create_audit_table(op)
    create_idempotency_table(op)
    append_only(op, "history")
    append_only(op, "evidence")
