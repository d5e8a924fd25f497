"""The journal: what was said of each person, once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from services.access.domain import Fact
from shared.bus.tx import Tx

__all__ = ["add", "facts_of"]

ADD = """
    insert into facts (organisation, person, source, id, name, at, known_at, details)
    select :organisation, person, source, id, name, at, known_at, cast(details as jsonb)
    from unnest(
        cast(:people as text[]), cast(:sources as text[]), cast(:ids as text[]), cast(:names as text[]),
        cast(:ats as timestamptz[]), cast(:known_ats as timestamptz[]), cast(:details as text[])
    ) as f(person, source, id, name, at, known_at, details)
    order by person, source, id
    on conflict do nothing
"""

FACTS = """
    select f.person, f.source, f.id, f.name, f.at, f.known_at, f.details
    from facts f
    where f.organisation = :organisation and f.person = any(cast(:people as text[]))
"""

COLUMNS = frozenset({"source", "id", "name", "at", "known_at"})
DEFAULTS = {field.name: field.default for field in fields(Fact) if field.name not in COLUMNS}


async def add(tx: Tx, organisation: str, said: Sequence[tuple[str, Fact]]) -> None:
    """Add to the journal, each fact once; what was known already stays as it was."""
    if not said:
        return
    facts = [fact for _, fact in said]
    await tx.execute(
        ADD,
        organisation=organisation,
        people=[person for person, _ in said],
        sources=[fact.source for fact in facts],
        ids=[fact.id for fact in facts],
        names=[fact.name for fact in facts],
        ats=[fact.at for fact in facts],
        known_ats=[fact.known_at for fact in facts],
        details=[_details(fact) for fact in facts],
    )


async def facts_of(tx: Tx, organisation: str, people: Sequence[str]) -> Mapping[str, list[Fact]]:
    """The journal of these people."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for row in await tx.fetch(FACTS, organisation=organisation, people=list(people)):
        columns: dict[str, Any] = {name: row._mapping[name] for name in COLUMNS}
        found[row.person].append(msgspec.convert(columns | row.details, Fact))
    return found


def _details(fact: Fact) -> str:
    said = {name: value for name, default in DEFAULTS.items() if (value := getattr(fact, name)) != default}
    return msgspec.json.encode(said).decode()
