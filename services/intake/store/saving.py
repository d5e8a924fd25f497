"""What a batch changed in the inbox, written with one statement per table."""

from collections.abc import Mapping

from services.intake.domain.conversation import Item, Moderation, Reply, Revision, Thread
from services.intake.store.inbox import Key
from shared.bus.tx import Tx

__all__ = ["save"]

BETWEEN = "\x1f"
"""Between the codes of one cell: arrays of arrays cannot be bound."""


async def save(tx: Tx, threads: Mapping[Key, Thread]) -> None:
    """Write conversations, changed items, and new revisions, replies and moderations."""
    await _conversations(tx, threads)
    items = [(key[0], thread.items[name]) for key, thread in threads.items() for name in sorted(thread.changed)]
    if items:
        await _items(tx, items)
    revisions = [(key[0], one) for key, thread in threads.items() for one in thread.new_revisions]
    if revisions:
        await _revisions(tx, revisions)
    replies = [(key[0], one) for key, thread in threads.items() for one in thread.new_replies]
    if replies:
        await _replies(tx, replies)
    moderations = [(key[0], one) for key, thread in threads.items() for one in thread.new_moderations]
    if moderations:
        await _moderations(tx, moderations)


CONVERSATION = ("conversation", "replied_at", "waived_at", "private_at", "resolved_at", "owner", "story")


async def _conversations(tx: Tx, threads: Mapping[Key, Thread]) -> None:
    known = [(key[0], thread.conversation) for key, thread in threads.items()]
    await tx.execute(
        """
        update conversations as c
        set replied_at = n.replied_at, waived_at = n.waived_at, private_at = n.private_at,
            resolved_at = n.resolved_at, owner = n.owner, story = n.story
        from unnest(cast(:organisation as text[]), cast(:conversation as text[]), cast(:replied_at as timestamptz[]),
                    cast(:waived_at as timestamptz[]), cast(:private_at as timestamptz[]),
                    cast(:resolved_at as timestamptz[]), cast(:owner as text[]), cast(:story as text[]))
             as n(organisation, conversation, replied_at, waived_at, private_at, resolved_at, owner, story)
        where c.organisation = n.organisation and c.conversation = n.conversation
          and (c.replied_at, c.waived_at, c.private_at, c.resolved_at, c.owner, c.story)
              is distinct from (n.replied_at, n.waived_at, n.private_at, n.resolved_at, n.owner, n.story)
        """,
        organisation=[organisation for organisation, _ in known],
        **{name: [getattr(conversation, name) for _, conversation in known] for name in CONVERSATION},
    )


ITEM = (
    "message",
    "conversation",
    "external",
    "added",
    "revision",
    "edited_at",
    "deleted_at",
    "moderated",
    "moderated_at",
    "counts_from",
    "settled",
    "notice_at",
    "explained_at",
    "reference",
)
WORDS = (
    "site",
    "network",
    "visibility",
    "posted_at",
    "received_at",
    "time_basis",
    "author",
    "author_external",
    "author_name",
    "author_handle",
    "in_reply_to",
    "permalink",
    "media",
    "text",
)
"""What a row of items has from its item and from the words that were told."""

SAVE_ITEMS = """
    insert into items (organisation, message, conversation, external, added, site, network, visibility, posted_at,
                       received_at, time_basis, author, author_external, author_name, author_handle, in_reply_to,
                       permalink, media, text, kind, flags, why, classified_by, revision, edited_at, deleted_at,
                       moderated, moderated_at, counts_from, settled, notice_at, explained_at, reference)
    select organisation, message, conversation, external, added, site, network, visibility, posted_at,
           received_at, time_basis, author, author_external, author_name, author_handle, in_reply_to,
           permalink, media, text, kind, string_to_array(flags, :between), string_to_array(why, :between),
           classified_by, revision, edited_at, deleted_at, moderated, moderated_at, counts_from, settled,
           notice_at, explained_at, reference
    from unnest(cast(:organisation as text[]), cast(:message as text[]), cast(:conversation as text[]),
                cast(:external as text[]), cast(:added as boolean[]), cast(:site as text[]),
                cast(:network as text[]), cast(:visibility as text[]), cast(:posted_at as timestamptz[]),
                cast(:received_at as timestamptz[]), cast(:time_basis as text[]), cast(:author as text[]),
                cast(:author_external as text[]), cast(:author_name as text[]), cast(:author_handle as text[]),
                cast(:in_reply_to as text[]), cast(:permalink as text[]), cast(:media as text[]),
                cast(:text as text[]), cast(:kind as text[]), cast(:flags as text[]), cast(:why as text[]),
                cast(:classified_by as text[]), cast(:revision as integer[]), cast(:edited_at as timestamptz[]),
                cast(:deleted_at as timestamptz[]), cast(:moderated as text[]),
                cast(:moderated_at as timestamptz[]), cast(:counts_from as timestamptz[]),
                cast(:settled as text[]), cast(:notice_at as timestamptz[]),
                cast(:explained_at as timestamptz[]), cast(:reference as text[]))
         as n(organisation, message, conversation, external, added, site, network, visibility, posted_at,
              received_at, time_basis, author, author_external, author_name, author_handle, in_reply_to,
              permalink, media, text, kind, flags, why, classified_by, revision, edited_at, deleted_at,
              moderated, moderated_at, counts_from, settled, notice_at, explained_at, reference)
    on conflict (organisation, message) do update
    set added = excluded.added, site = excluded.site, network = excluded.network,
        visibility = excluded.visibility, posted_at = excluded.posted_at, received_at = excluded.received_at,
        time_basis = excluded.time_basis, author = excluded.author, author_external = excluded.author_external,
        author_name = excluded.author_name, author_handle = excluded.author_handle,
        in_reply_to = excluded.in_reply_to, permalink = excluded.permalink, media = excluded.media,
        text = excluded.text, kind = excluded.kind, flags = excluded.flags, why = excluded.why,
        classified_by = excluded.classified_by, revision = excluded.revision, edited_at = excluded.edited_at,
        deleted_at = excluded.deleted_at, moderated = excluded.moderated, moderated_at = excluded.moderated_at,
        counts_from = excluded.counts_from, settled = excluded.settled, notice_at = excluded.notice_at,
        explained_at = excluded.explained_at, reference = excluded.reference
"""


async def _items(tx: Tx, items: list[tuple[str, Item]]) -> None:
    words = [item.wrote for _, item in items]

    def said(name: str) -> list[object]:
        return [None if wrote is None else getattr(wrote, name) for wrote in words]

    await tx.execute(
        SAVE_ITEMS,
        between=BETWEEN,
        organisation=[organisation for organisation, _ in items],
        **{name: [getattr(item, name) for _, item in items] for name in ITEM},
        **{name: said(name) for name in WORDS},
        kind=[item.classification.kind for _, item in items],
        flags=[BETWEEN.join(item.classification.flags) for _, item in items],
        why=[BETWEEN.join(item.classification.why) for _, item in items],
        classified_by=[item.by for _, item in items],
    )


async def _revisions(tx: Tx, revisions: list[tuple[str, Revision]]) -> None:
    await tx.execute(
        """
        insert into revisions (organisation, message, revision, text, edited_at, received_at)
        select * from unnest(cast(:organisations as text[]), cast(:messages as text[]), cast(:numbers as integer[]),
                             cast(:texts as text[]), cast(:edited as timestamptz[]), cast(:received as timestamptz[]))
        """,
        organisations=[organisation for organisation, _ in revisions],
        messages=[one.message for _, one in revisions],
        numbers=[one.revision for _, one in revisions],
        texts=[one.text for _, one in revisions],
        edited=[one.edited_at for _, one in revisions],
        received=[one.received_at for _, one in revisions],
    )


async def _replies(tx: Tx, replies: list[tuple[str, Reply]]) -> None:
    await tx.execute(
        """
        insert into replies (organisation, reply, conversation, site, visibility, posted_at, account, automatic, text)
        select * from unnest(cast(:organisations as text[]), cast(:replies as text[]),
                             cast(:conversations as text[]), cast(:sites as text[]), cast(:visibilities as text[]),
                             cast(:times as timestamptz[]), cast(:accounts as text[]),
                             cast(:automatic as boolean[]), cast(:texts as text[]))
        on conflict do nothing
        """,
        organisations=[organisation for organisation, _ in replies],
        replies=[one.reply for _, one in replies],
        conversations=[one.conversation for _, one in replies],
        sites=[one.site for _, one in replies],
        visibilities=[one.visibility for _, one in replies],
        times=[one.posted_at for _, one in replies],
        accounts=[one.account for _, one in replies],
        automatic=[one.automatic for _, one in replies],
        texts=[one.text for _, one in replies],
    )


async def _moderations(tx: Tx, moderations: list[tuple[str, Moderation]]) -> None:
    await tx.execute(
        """
        insert into moderations (organisation, message, action, at, reason, given, actor)
        select * from unnest(cast(:organisations as text[]), cast(:messages as text[]), cast(:actions as text[]),
                             cast(:times as timestamptz[]), cast(:reasons as text[]), cast(:given as boolean[]),
                             cast(:actors as text[]))
        """,
        organisations=[organisation for organisation, _ in moderations],
        messages=[one.message for _, one in moderations],
        actions=[one.action for _, one in moderations],
        times=[one.at for _, one in moderations],
        reasons=[one.reason for _, one in moderations],
        given=[one.given for _, one in moderations],
        actors=[one.actor for _, one in moderations],
    )
