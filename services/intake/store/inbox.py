"""Conversations, items and what belongs to them, as the facts of a batch change them: locked, loaded, saved."""

from collections.abc import Collection, Sequence
from typing import Any

from services.intake.domain.conversation import Classification, Conversation, Item, Moderation, Thread
from services.intake.domain.facts import CustomerWrote, PostPublished
from shared.bus.tx import Tx

__all__ = ["Key", "homes", "item_of", "known_posts", "load_items", "load_named", "lock", "save_posts"]

Key = tuple[str, str]
"""(organisation, id)"""


def _columns(keys: Collection[Key]) -> dict[str, list[str]]:
    ordered = sorted(keys)
    return {"organisations": [key[0] for key in ordered], "ids": [key[1] for key in ordered]}


async def homes(tx: Tx, messages: Collection[Key]) -> dict[Key, str]:
    """The conversation of each message that is known. A message never moves to another."""
    rows = await tx.fetch(
        """
        select i.organisation, i.message, i.conversation
        from unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
        join items as i on i.organisation = k.organisation and i.message = k.id
        """,
        **_columns(messages),
    )
    return {(row.organisation, row.message): row.conversation for row in rows}


async def lock(tx: Tx, conversations: Collection[Key]) -> dict[Key, Thread]:
    """Lock conversations in one order, making those that are new; what `Tx.emit` asks for their keys."""
    columns = _columns(conversations)
    await tx.execute(
        """
        insert into conversations (organisation, conversation)
        select organisation, id
        from unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
        order by organisation, id
        on conflict do nothing
        """,
        **columns,
    )
    rows = await tx.fetch(
        """
        select c.*
        from conversations as c
        join unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
          on c.organisation = k.organisation and c.conversation = k.id
        order by c.organisation, c.conversation
        for update of c
        """,
        **columns,
    )
    for organisation in {key[0] for key in conversations}:
        tx.holds("messages", organisation, [key[1] for key in conversations if key[0] == organisation])
    return {
        (row.organisation, row.conversation): Thread(
            Conversation(
                conversation=row.conversation,
                replied_at=row.replied_at,
                waived_at=row.waived_at,
                private_at=row.private_at,
                resolved_at=row.resolved_at,
                owner=row.owner,
                story=row.story,
            )
        )
        for row in rows
    }


def item_of(row: Any) -> Item:
    """A row of `items`."""
    wrote = None
    if row.text is not None:
        wrote = CustomerWrote(
            conversation=row.conversation,
            message=row.message,
            external=row.external,
            site=row.site,
            network=row.network,
            visibility=row.visibility,
            posted_at=row.posted_at,
            time_basis=row.time_basis,
            received_at=row.received_at,
            sent_at=row.received_at,
            author=row.author,
            text=row.text,
            author_external=row.author_external,
            author_name=row.author_name,
            author_handle=row.author_handle,
            in_reply_to=row.in_reply_to,
            permalink=row.permalink,
            media=row.media,
        )
    return Item(
        message=row.message,
        conversation=row.conversation,
        external=row.external,
        wrote=wrote,
        added=row.added,
        classification=Classification(row.kind, tuple(row.flags), tuple(row.why)),
        by=row.classified_by,
        revision=row.revision,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        moderated=row.moderated,
        moderated_at=row.moderated_at,
        counts_from=row.counts_from,
        settled=row.settled,
        notice_at=row.notice_at,
        explained_at=row.explained_at,
        reference=row.reference,
    )


async def load_items(tx: Tx, threads: dict[Key, Thread], messages: Collection[Key]) -> None:
    """Give each thread the items that wait in it and those of `messages`."""
    columns = _columns(threads)
    named = _columns(messages)
    rows = await tx.fetch(
        """
        select i.*
        from unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
        join items as i on i.organisation = k.organisation and i.conversation = k.id and i.settled is null
        union all
        select i.*
        from unnest(cast(:message_organisations as text[]), cast(:messages as text[])) as k(organisation, id)
        join items as i on i.organisation = k.organisation and i.message = k.id and i.settled is not null
        """,
        **columns,
        message_organisations=named["organisations"],
        messages=named["ids"],
    )
    for row in rows:
        threads[row.organisation, row.conversation].items[row.message] = item_of(row)


async def load_named(tx: Tx, threads: dict[Key, Thread], messages: dict[Key, str], replies: dict[Key, str]) -> None:
    """Give threads what is known of the messages and replies that a batch names; each maps to its conversation."""
    columns = _columns(messages)
    for row in await tx.fetch(
        """
        select r.organisation, r.message, r.text
        from unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
        join revisions as r on r.organisation = k.organisation and r.message = k.id
        order by r.organisation, r.message, r.revision
        """,
        **columns,
    ):
        thread = threads[row.organisation, messages[row.organisation, row.message]]
        thread.texts.setdefault(row.message, []).append(row.text)
    for row in await tx.fetch(
        """
        select m.*
        from unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
        join moderations as m on m.organisation = k.organisation and m.message = k.id
        order by m.at
        """,
        **columns,
    ):
        act = Moderation(
            message=row.message, action=row.action, at=row.at, reason=row.reason, given=row.given, actor=row.actor
        )
        threads[row.organisation, messages[row.organisation, row.message]].moderations.setdefault(
            row.message, []
        ).append(act)
    for row in await tx.fetch(
        """
        select r.organisation, r.reply
        from unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
        join replies as r on r.organisation = k.organisation and r.reply = k.id
        """,
        **_columns(replies),
    ):
        threads[row.organisation, replies[row.organisation, row.reply]].replies.add(row.reply)


async def known_posts(tx: Tx, posts: Collection[Key]) -> set[Key]:
    """Which of these posts came before."""
    rows = await tx.fetch(
        """
        select p.organisation, p.post
        from unnest(cast(:organisations as text[]), cast(:ids as text[])) as k(organisation, id)
        join posts as p on p.organisation = k.organisation and p.post = k.id
        """,
        **_columns(posts),
    )
    return {(row.organisation, row.post) for row in rows}


async def save_posts(tx: Tx, posts: Sequence[tuple[str, PostPublished]]) -> None:
    """Keep new posts of ours, with their text."""
    await tx.execute(
        """
        insert into posts (organisation, post, external, site, category, at, text)
        select * from unnest(cast(:organisations as text[]), cast(:posts as text[]), cast(:externals as text[]),
                             cast(:sites as text[]), cast(:categories as text[]), cast(:times as timestamptz[]),
                             cast(:texts as text[]))
        on conflict do nothing
        """,
        organisations=[organisation for organisation, _ in posts],
        posts=[post.post for _, post in posts],
        externals=[post.external for _, post in posts],
        sites=[post.site for _, post in posts],
        categories=[post.category for _, post in posts],
        times=[post.at for _, post in posts],
        texts=[post.text for _, post in posts],
    )
