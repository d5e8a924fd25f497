"""Sla's targets as intake knows them."""

from collections.abc import Sequence
from typing import Any

from services.intake.domain.deadlines import Deadline
from shared.bus.tx import Tx

__all__ = ["keep", "of_conversation"]

COLUMNS = (
    "organisation", "target", "conversation", "message", "kind", "revision", "state", "started_at", "due_at",
)  # fmt: skip


async def keep(tx: Tx, deadlines: Sequence[Deadline]) -> int:
    """Keep each target at its highest revision; an older one and a repeat change nothing. How many changed."""
    return await tx.execute(
        """
        insert into targets (organisation, target, conversation, message, kind, revision, state, started_at, due_at)
        select * from unnest(cast(:organisation as text[]), cast(:target as text[]), cast(:conversation as text[]),
                             cast(:message as text[]), cast(:kind as text[]), cast(:revision as integer[]),
                             cast(:state as text[]), cast(:started_at as timestamptz[]),
                             cast(:due_at as timestamptz[]))
        on conflict (organisation, target) do update
        set conversation = excluded.conversation, message = excluded.message, kind = excluded.kind,
            revision = excluded.revision, state = excluded.state, started_at = excluded.started_at,
            due_at = excluded.due_at
        where targets.revision < excluded.revision
        """,
        **{name: [getattr(one, name) for one in deadlines] for name in COLUMNS},
    )


async def of_conversation(tx: Tx, organisation: str, conversation: str) -> Sequence[Any]:
    """What a conversation was and is owed: the newest hundred targets, oldest first."""
    return await tx.fetch(
        """
        select * from (
            select target, message, kind, revision, state, started_at, due_at from targets
            where organisation = :organisation and conversation = :conversation
            order by started_at desc, target limit 100
        ) as newest
        order by started_at, target
        """,
        organisation=organisation,
        conversation=conversation,
    )
