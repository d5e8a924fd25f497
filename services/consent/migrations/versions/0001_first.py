"""Subjects, what HR said of them, consents and withdrawals; images, decisions, takedowns; the bus's tables; the audit."""

from alembic import op

from shared.bus.schema import create_bus_tables
from shared.platform.audit import append_only, create_audit_table
from shared.platform.idempotency import create_idempotency_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PEOPLE = (
    """
    create table subjects (
        organisation text not null,
        person text not null,
        kind text,
        name text,
        born_on date,
        guardian text,
        relationship text,
        next_at timestamptz,
        primary key (organisation, person)
    )
    """,
    "create index subjects_next_at on subjects (next_at) where next_at is not null",
    """
    create table facts (
        organisation text not null,
        person text not null,
        source text not null,
        id text not null,
        name text not null,
        at timestamptz not null,
        stint text,
        begins timestamptz,
        until timestamptz,
        revision bigint,
        recorded_at timestamptz not null default clock_timestamp(),
        primary key (organisation, person, source, id)
    )
    """,
    """
    create table consents (
        organisation text not null,
        consent uuid not null,
        person text not null,
        outcome text not null constraint consents_outcome check (outcome in ('given', 'refused', 'asked', 'objected')),
        method text constraint consents_method check (method in ('signed', 'verbal')),
        taken_on date,
        taken_by text,
        speaks_from date not null,
        faults text[] not null,
        channels text[],
        purposes text[] not null,
        items text[] not null,
        guardian text,
        language text,
        begins_at timestamptz,
        ends_at timestamptz,
        last_day date,
        form_hash text,
        form_type text,
        form_bytes bigint,
        state text not null constraint consents_state
            check (state in ('given', 'refused', 'asked', 'objected', 'invalid', 'withdrawn', 'expired')),
        days_told integer,
        recorded_at timestamptz not null,
        recorded_by text not null,
        primary key (organisation, consent)
    )
    """,
    "create index consents_person on consents (organisation, person)",
    "create index consents_ends on consents (organisation, ends_at) where state = 'given'",
    """
    create table withdrawals (
        organisation text not null,
        withdrawal uuid not null,
        consent uuid not null,
        day date not null,
        at timestamptz not null,
        channels text[],
        safety boolean not null,
        recorded_at timestamptz not null,
        recorded_by text not null,
        primary key (organisation, withdrawal)
    )
    """,
    "create index withdrawals_consent on withdrawals (organisation, consent)",
)

IMAGES = (
    """
    create table images (
        organisation text not null,
        image text not null,
        content_hash text,
        deleted boolean not null default false,
        story text,
        weight integer not null default 1,
        next_at timestamptz,
        primary key (organisation, image)
    )
    """,
    "create index images_next_at on images (next_at) where next_at is not null",
    """
    create table versions (
        organisation text not null,
        image text not null,
        content_hash text not null,
        description jsonb,
        cleared_by text,
        told text,
        decision uuid,
        primary key (organisation, image, content_hash)
    )
    """,
    """
    create table placements (
        organisation text not null,
        image text not null,
        use text not null,
        content_hash text not null,
        channel text not null,
        purpose text not null,
        state text not null constraint placements_state check (state in ('scheduled', 'live', 'removed')),
        at timestamptz not null,
        since timestamptz not null,
        location text,
        primary key (organisation, image, use, content_hash)
    )
    """,
    """
    create table shown (
        organisation text not null,
        person text not null,
        image text not null,
        primary key (organisation, person, image)
    )
    """,
    """
    create table recheck (
        id bigint generated always as identity primary key,
        organisation text not null,
        person text not null,
        after_image text not null default '',
        asked_at timestamptz not null default clock_timestamp()
    )
    """,
    """
    create table decisions (
        organisation text not null,
        decision uuid not null,
        image text not null,
        content_hash text not null,
        stage text not null,
        at timestamptz not null,
        policy text not null,
        rules text not null,
        outcome text not null,
        findings jsonb not null,
        inputs jsonb not null,
        primary key (organisation, decision)
    )
    """,
    "create index decisions_image on decisions (organisation, image, decision)",
    """
    create table takedowns (
        organisation text not null,
        takedown uuid not null,
        image text not null,
        use text not null,
        content_hash text not null,
        since timestamptz not null,
        channel text not null,
        deadline timestamptz not null,
        reason text not null,
        state text not null constraint takedowns_state
            check (state in ('requested', 'claimed', 'confirmed', 'not-possible')),
        requested_at timestamptz not null,
        claimed_by text,
        claimed_at timestamptz,
        closed_by text,
        closed_at timestamptz,
        closing text,
        evidence text,
        primary key (organisation, takedown)
    )
    """,
    """
    create unique index takedowns_stay on takedowns (organisation, image, use, content_hash, since)
    where state <> 'confirmed'
    """,
    "create index takedowns_image on takedowns (organisation, image)",
    "create index takedowns_deadline on takedowns (organisation, deadline, takedown)",
)


def upgrade() -> None:
    """Create everything."""
    for statement in (*PEOPLE, *IMAGES):
        op.execute(statement)
    append_only(op, "decisions")
    create_bus_tables(op)
    create_audit_table(op)
    create_idempotency_table(op)
