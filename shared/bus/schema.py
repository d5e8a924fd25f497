"""The bus's tables in a service's database, and what was changed since. Each function is frozen: a change is a new one."""

from typing import Any

__all__ = ["create_bus_tables", "let_dead_letters_be_closed"]

TABLES = (
    """
    create table positions (
        topic text not null,
        partition integer not null,
        topic_id uuid,
        first_offset bigint not null,
        next_offset bigint not null,
        applied bigint not null default 0,
        duplicate bigint not null default 0,
        ignored bigint not null default 0,
        dead bigint not null default 0,
        moved_at timestamptz not null default clock_timestamp(),
        primary key (topic, partition),
        constraint positions_conserve check (next_offset - first_offset = applied + duplicate + ignored + dead)
    ) with (fillfactor = 50)
    """,
    """
    create table inbox (
        organisation text not null,
        source text not null,
        id text not null,
        received_at timestamptz not null default now(),
        primary key (organisation, source, id)
    )
    """,
    "create index inbox_received_at on inbox using brin (received_at) with (autosummarize = on)",
    """
    create table outbox (
        id bigint generated always as identity primary key,
        organisation text not null,
        topic text not null,
        partition integer,
        key bytea,
        headers bytea not null,
        body bytea,
        created_at timestamptz not null default clock_timestamp()
    ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0)
    """,
    """
    create table outbox_refused (
        id bigint primary key,
        organisation text not null,
        topic text not null,
        partition integer,
        key bytea,
        headers bytea not null,
        body bytea,
        created_at timestamptz not null,
        error text not null,
        refused_at timestamptz not null default clock_timestamp()
    )
    """,
    """
    create table dead_letters (
        id text primary key,
        consumer_group text not null,
        topic text not null,
        partition integer not null,
        log_offset bigint not null,
        log_timestamp timestamptz not null,
        organisation text,
        code text not null,
        error_class text not null,
        message text not null,
        at timestamptz not null default clock_timestamp(),
        state text not null default 'open' check (state in ('open', 'redriven')),
        redriven_at timestamptz,
        redriven_by text,
        key bytea,
        headers bytea not null,
        body bytea,
        digest bytea not null
            generated always as (sha256(coalesce(key, '') || headers || coalesce(body, ''))) stored,
        unique (consumer_group, topic, partition, log_offset, digest)
    )
    """,
    "create index dead_letters_open on dead_letters (id) where state = 'open'",
)


def create_bus_tables(op: Any) -> None:
    """As of version 1: create positions, inbox, outbox (and what of it Kafka refused) and dead letters; `op` is Alembic's."""
    for statement in TABLES:
        op.execute(statement)


CLOSING = (
    """
    alter table dead_letters
        add column closed_at timestamptz,
        add column closed_by text,
        add column closed_reason text
    """,
    "alter table dead_letters drop constraint dead_letters_state_check",
    """
    alter table dead_letters
        add constraint dead_letters_state_check check (state in ('open', 'redriven', 'closed'))
    """,
)


def let_dead_letters_be_closed(op: Any) -> None:
    """Add the state `closed`, and when, by whom and why it was; `op` is Alembic's."""
    for statement in CLOSING:
        op.execute(statement)
