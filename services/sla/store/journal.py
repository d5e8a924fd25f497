"""The journal: every fact of a conversation and every block of an author, once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row

from services.sla.domain import Fact, History, Key
from shared.bus.tx import Tx
from shared.platform.db import column

__all__ = ["Journal", "add", "histories"]

Journal = Mapping[Key, Sequence[Fact]]
"""Facts by (organisation, conversation); blocks by (organisation, author)."""

FACTS = """
    select f.*
    from rows from (
        json_array_elements_text(cast(:organisations as json)), json_array_elements_text(cast(:conversations as json))
    ) as k(organisation, conversation)
    cross join lateral (
        select organisation, conversation, source, id, name, at, message, author, details
        from facts
        where facts.organisation = k.organisation and facts.conversation = k.conversation
        offset 0
    ) as f
"""
"""One probe of the primary key a conversation: `offset 0` keeps the planner from joining it any other way."""

ADD_FACTS = (
    """
    with added as (
        insert into facts (organisation, conversation, source, id, name, at, message, author, details)
        select organisation, conversation, source, id, name, cast(at as timestamptz), message, author,
               cast(details as jsonb)
        from rows from (
            json_array_elements_text(cast(:in_organisations as json)),
            json_array_elements_text(cast(:in_conversations as json)),
            json_array_elements_text(cast(:sources as json)), json_array_elements_text(cast(:ids as json)),
            json_array_elements_text(cast(:names as json)), json_array_elements_text(cast(:ats as json)),
            json_array_elements_text(cast(:messages as json)), json_array_elements_text(cast(:authors as json)),
            json_array_elements(cast(:details as json))
        ) as f(organisation, conversation, source, id, name, at, message, author, details)
        order by organisation, conversation, source, id
        on conflict do nothing
    )
    """
    + FACTS
)
"""Adds to the journal and reads what it held before: a statement does not see its own rows."""

BLOCKS = """
    select b.organisation, b.author, b.source, b.id, b.name, b.at, b.details
    from unnest(cast(:organisations as text[]), cast(:authors as text[])) as k(organisation, author)
    join blocks b on b.organisation = k.organisation and b.author = k.author
"""

ADD_BLOCKS = (
    """
    with added as (
        insert into blocks (organisation, author, source, id, name, at, details)
        select organisation, author, source, id, name, cast(at as timestamptz), cast(details as jsonb)
        from rows from (
            json_array_elements_text(cast(:in_organisations as json)), json_array_elements_text(cast(:in_authors as json)),
            json_array_elements_text(cast(:sources as json)), json_array_elements_text(cast(:ids as json)),
            json_array_elements_text(cast(:names as json)), json_array_elements_text(cast(:ats as json)),
            json_array_elements(cast(:details as json))
        ) as b(organisation, author, source, id, name, at, details)
        order by organisation, author, source, id
        on conflict do nothing
        returning organisation, author, source, id, name, at, details
    )
    """
    + BLOCKS
    + """
    union all
    select * from added
    """
)

COLUMNS = frozenset({"source", "id", "name", "at", "message", "author"})
"""The fields of a fact that are columns; the others are its details."""
DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Fact) if field.name not in COLUMNS}


async def add(tx: Tx, keys: Sequence[Key], said: Journal, blocks: Journal) -> list[History]:
    """Add to the journal, each fact once, and read the whole of these locked conversations.

    What is new need not come back from the database: it is at hand. Where the journal had it, the journal's comes last
    and is the one that counts.
    """
    new = [(key, fact) for key, found in said.items() for fact in found]
    rows = await tx.fetch(
        ADD_FACTS,
        organisations=column(o for o, _ in keys),
        conversations=column(c for _, c in keys),
        in_organisations=column(o for (o, _), _ in new),
        in_conversations=column(c for (_, c), _ in new),
        messages=column(fact.message for _, fact in new),
        authors=column(fact.author for _, fact in new),
        **_columns([fact for _, fact in new]),
    )
    return await _with_blocks(tx, keys, said, rows, [(key, fact) for key, found in blocks.items() for fact in found])


async def histories(tx: Tx, keys: Sequence[Key]) -> list[History]:
    """The journal of these conversations."""
    rows = await tx.fetch(FACTS, organisations=column(o for o, _ in keys), conversations=column(c for _, c in keys))
    return await _with_blocks(tx, keys, {}, rows, [])


async def _with_blocks(
    tx: Tx, keys: Sequence[Key], said: Journal, rows: Sequence[Row[Any]], new: Sequence[tuple[Key, Fact]]
) -> list[History]:
    facts: dict[Key, list[Fact]] = defaultdict(list, {key: list(found) for key, found in said.items()})
    for row in rows:
        facts[row.organisation, row.conversation].append(_fact(row))
    writers = {key: {fact.author for fact in found if fact.author is not None} for key, found in facts.items()}
    authors = sorted({(organisation, author) for (organisation, _), found in writers.items() for author in found})
    blocks = await _blocks(tx, authors, new) if authors or new else {}
    return [
        History(
            organisation,
            conversation,
            tuple(facts[organisation, conversation]),
            tuple(
                block
                for author in writers.get((organisation, conversation), ())
                for block in blocks.get((organisation, author), ())
            ),
        )
        for organisation, conversation in keys
    ]


async def _blocks(tx: Tx, authors: Sequence[Key], new: Sequence[tuple[Key, Fact]]) -> dict[Key, list[Fact]]:
    wanted: dict[str, Any] = {"organisations": [o for o, _ in authors], "authors": [a for _, a in authors]}
    if new:
        rows = await tx.fetch(
            ADD_BLOCKS,
            **wanted,
            in_organisations=column(o for (o, _), _ in new),
            in_authors=column(a for (_, a), _ in new),
            **_columns([fact for _, fact in new]),
        )
    else:
        rows = await tx.fetch(BLOCKS, **wanted)
    blocks: dict[Key, list[Fact]] = defaultdict(list)
    for row in rows:
        blocks[row.organisation, row.author].append(_fact(row))
    return blocks


def _columns(facts: Sequence[Fact]) -> dict[str, str]:
    return {
        "sources": column(fact.source for fact in facts),
        "ids": column(fact.id for fact in facts),
        "names": column(fact.name for fact in facts),
        "ats": column(fact.at for fact in facts),
        "details": column(_details(fact) for fact in facts),
    }


def _details(fact: Fact) -> dict[str, Any]:
    return {name: value for name, default in DEFAULTS.items() if (value := getattr(fact, name)) != default}


def _fact(row: Row[Any]) -> Fact:
    columns = {name: value for name, value in row._mapping.items() if value is not None and name in COLUMNS}
    return msgspec.convert(columns | row.details, Fact)
