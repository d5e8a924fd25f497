"""The audit trail: who did what to what, when and why. The app role may add to it and read it, nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

__all__ = ["audit", "create_audit_table"]


class Executes(Protocol):
    """A transaction."""

    async def execute(self, sql: str, **params: Any) -> Any:
        """Run one statement."""


async def audit(
    tx: Executes,
    *,
    organisation: str,
    actor: str,
    action: str,
    subject: str,
    at: datetime,
    reason: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add one entry in the caller's transaction, so that the act and its entry stand or fall together."""
    await tx.execute(
        """
        insert into audit (organisation, actor, action, subject, at, reason, before, after)
        values (:organisation, :actor, :action, :subject, :at, :reason, cast(:before as jsonb), cast(:after as jsonb))
        """,
        organisation=organisation,
        actor=actor,
        action=action,
        subject=subject,
        at=at,
        reason=reason,
        before=None if before is None else msgspec.json.encode(before).decode(),
        after=None if after is None else msgspec.json.encode(after).decode(),
    )


def create_audit_table(op: Any) -> None:
    """The table as of a service's first migration; `op` is Alembic's."""
    op.execute(
        """
        create table audit (
            organisation text not null,
            position bigint generated always as identity,
            actor text not null,
            action text not null,
            subject text not null,
            at timestamptz not null,
            recorded_at timestamptz not null default clock_timestamp(),
            reason text,
            before jsonb,
            after jsonb,
            primary key (organisation, position)
        )
        """
    )
    op.execute("create index audit_subject on audit (organisation, subject, position)")
    append_only(op, "audit")


def append_only(op: Any, table: str) -> None:
    """Take from everybody but the owner the right to change or delete rows of `table`."""
    op.execute(
        f"""
        do $$
        declare grantee text;
        begin
            for grantee in
                select distinct g.grantee from information_schema.role_table_grants g
                where g.table_schema = current_schema() and g.table_name = '{table}' and g.grantee <> current_user
            loop
                execute format('revoke update, delete, truncate on {table} from %I', grantee);
            end loop;
        end $$
        """
    )
