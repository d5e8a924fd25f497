"""Subjects, what HR said of them, and their records. A subject's row is the lock of all of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.consent.domain.docket import Key
from services.consent.domain.people import Person
from services.consent.domain.records import Consent, Subject, Withdrawal
from services.consent.domain.stints import PersonFact, stints_of
from shared.bus.tx import Tx

__all__ = [
    "add_facts",
    "claim_due",
    "consent_of",
    "facts_of",
    "known",
    "lock",
    "names",
    "put_subject",
    "save_next",
    "share",
    "subject_of",
    "waiting",
]

MAKE = """
    insert into subjects (organisation, person)
    select organisation, person
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    order by organisation, person
    on conflict (organisation, person) do nothing
"""

LOCK = """
    select s.organisation, s.person
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    join subjects s on s.organisation = k.organisation and s.person = k.person
    order by s.organisation, s.person
    for update of s
"""

SHARE = LOCK.replace("for update of s", "for share of s")
"""Whoever judges an image holds what it rests on still, beside others who do the same."""

CLAIM_DUE = """
    select organisation, person
    from subjects
    where next_at <= :now and organisation = any(cast(:organisations as text[]))
    order by next_at
    limit :most
    for update skip locked
"""

SUBJECTS = """
    select s.*
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    join subjects s on s.organisation = k.organisation and s.person = k.person
"""

FACTS = """
    select f.*
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    join facts f on f.organisation = k.organisation and f.person = k.person
"""

CONSENTS = """
    select c.*
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    join consents c on c.organisation = k.organisation and c.person = k.person
"""

WITHDRAWALS = """
    select w.organisation, w.consent, w.day, w.channels, w.safety
    from unnest(cast(:organisations as text[]), cast(:people as text[])) as k(organisation, person)
    join consents c on c.organisation = k.organisation and c.person = k.person
    join withdrawals w on w.organisation = c.organisation and w.consent = c.consent
    order by w.day
"""

NAMES = """
    select person, name from subjects
    where organisation = :organisation and person = any(cast(:people as text[])) and name is not null
"""

ADD_FACTS = """
    insert into facts (organisation, person, source, id, name, at, stint, begins, until, revision)
    select organisation, person, source, id, name, at, stint, begins, until, revision
    from unnest(
        cast(:organisations as text[]), cast(:people as text[]), cast(:sources as text[]), cast(:ids as text[]),
        cast(:names as text[]), cast(:ats as timestamptz[]), cast(:stints as text[]), cast(:begins as timestamptz[]),
        cast(:untils as timestamptz[]), cast(:revisions as bigint[])
    ) as f(organisation, person, source, id, name, at, stint, begins, until, revision)
    on conflict do nothing
"""

SAVE_NEXT = """
    update subjects s
    set next_at = n.next_at
    from unnest(cast(:organisations as text[]), cast(:people as text[]), cast(:next_ats as timestamptz[]))
        as n(organisation, person, next_at)
    where s.organisation = n.organisation and s.person = n.person
"""

PUT_SUBJECT = """
    update subjects
    set kind = :kind, name = coalesce(:name, name), born_on = coalesce(:born_on, born_on),
        guardian = coalesce(:guardian, guardian), relationship = coalesce(:relationship, relationship)
    where organisation = :organisation and person = :person
"""

SUBJECT = "select * from subjects where organisation = :organisation and person = :person and kind is not null"

OVERDUE = """
    select exists (select from subjects
                   where next_at <= :now and organisation = any(cast(:organisations as text[]))) as waits
"""

PLAIN = tuple(field.name for field in fields(PersonFact))


def _pairs(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"organisations": [o for o, _ in keys], "people": [p for _, p in keys]}


async def lock(tx: Tx, keys: Collection[Key]) -> list[Key]:
    """Lock these people, made where they are missing; sorted. Lets `tx.emit` tell of their records."""
    wanted = sorted(set(keys))
    await tx.execute(MAKE, **_pairs(wanted))
    return _held(tx, await tx.fetch(LOCK, **_pairs(wanted)))


async def share(tx: Tx, keys: Collection[Key]) -> None:
    """Hold what is known of these people still until the end of the transaction."""
    wanted = sorted(set(keys))
    if wanted:
        await tx.execute(MAKE, **_pairs(wanted))
        await tx.fetch(SHARE, **_pairs(wanted))


async def claim_due(tx: Tx, organisations: Iterable[str], most: int) -> list[Key]:
    """Lock people of whom time has something to tell, none in other hands."""
    return _held(tx, await tx.fetch(CLAIM_DUE, now=tx.now, organisations=sorted(organisations), most=most))


def _held(tx: Tx, rows: Sequence[Row[Any]]) -> list[Key]:
    keys = [(row.organisation, row.person) for row in rows]
    for organisation, person in keys:
        tx.holds("consent", organisation, [person])
    return keys


async def known(tx: Tx, keys: Collection[Key]) -> dict[Key, Person]:
    """All that is known of these people."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    pairs = _pairs(wanted)
    subjects = {(row.organisation, row.person): row for row in await tx.fetch(SUBJECTS, **pairs)}
    facts = await facts_of(tx, wanted)
    records = await _records(tx, pairs)
    return {
        key: Person(
            subject=Subject(person=key[1], kind=row.kind, born_on=row.born_on),
            stints=stints_of(facts.get(key, ())),
            records=tuple(records.get(key, ())),
        )
        for key, row in subjects.items()
    }


async def facts_of(tx: Tx, keys: Sequence[Key]) -> dict[Key, list[PersonFact]]:
    """What HR said of these people."""
    facts: dict[Key, list[PersonFact]] = defaultdict(list)
    for row in await tx.fetch(FACTS, **_pairs(keys)):
        facts[row.organisation, row.person].append(PersonFact(**{name: row._mapping[name] for name in PLAIN}))
    return facts


async def _records(tx: Tx, pairs: dict[str, list[str]]) -> dict[Key, list[Consent]]:
    taken: dict[Key, list[Withdrawal]] = defaultdict(list)
    rows = await tx.fetch(CONSENTS, **pairs)
    if any(row.outcome == "given" for row in rows):
        for row in await tx.fetch(WITHDRAWALS, **pairs):
            taken[row.organisation, str(row.consent)].append(_withdrawal(row))
    records: dict[Key, list[Consent]] = defaultdict(list)
    for row in rows:
        records[row.organisation, row.person].append(
            consent_of(row, taken.get((row.organisation, str(row.consent)), ()))
        )
    return records


def _withdrawal(row: Row[Any]) -> Withdrawal:
    return Withdrawal(day=row.day, channels=_tuple(row.channels), safety=row.safety)


def consent_of(row: Row[Any], withdrawals: Sequence[Withdrawal]) -> Consent:
    """A row of `consents`."""
    return Consent(
        consent=str(row.consent),
        person=row.person,
        outcome=row.outcome,
        method=row.method,
        day=row.speaks_from,
        order=row.recorded_at,
        faults=tuple(row.faults),
        channels=_tuple(row.channels),
        purposes=tuple(row.purposes),
        items=tuple(row.items),
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        guardian=row.guardian,
        withdrawals=tuple(withdrawals),
    )


def _tuple(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


async def add_facts(tx: Tx, said: Sequence[tuple[Key, PersonFact]]) -> None:
    """Add to the journal, each fact once."""
    facts = [fact for _, fact in said]
    await tx.execute(
        ADD_FACTS,
        **_pairs([key for key, _ in said]),
        sources=[fact.source for fact in facts],
        ids=[fact.id for fact in facts],
        names=[fact.name for fact in facts],
        ats=[fact.at for fact in facts],
        stints=[fact.stint for fact in facts],
        begins=[fact.begins for fact in facts],
        untils=[fact.until for fact in facts],
        revisions=[fact.revision for fact in facts],
    )


async def save_next(tx: Tx, times: Sequence[tuple[Key, datetime | None]]) -> None:
    """When time next has something to tell of each."""
    if times:
        await tx.execute(SAVE_NEXT, **_pairs([key for key, _ in times]), next_ats=[at for _, at in times])


async def put_subject(tx: Tx, organisation: str, person: str, **values: Any) -> None:
    """Keep what Communications knows of a locked person; what is None is not known, and stays as it was."""
    await tx.execute(PUT_SUBJECT, organisation=organisation, person=person, **values)


async def subject_of(tx: Tx, organisation: str, person: str) -> Row[Any] | None:
    """What Communications knows of somebody; None: nothing."""
    rows = await tx.fetch(SUBJECT, organisation=organisation, person=person)
    return rows[0] if rows else None


async def names(tx: Tx, organisation: str, wanted: Sequence[str]) -> dict[str, str]:
    """What these people are called, as far as it is known."""
    rows = await tx.fetch(NAMES, organisation=organisation, people=list(wanted))
    return {row.person: row.name for row in rows}


async def waiting(tx: Tx, organisations: Iterable[str]) -> bool:
    """Whether time has something to tell and has not yet."""
    return bool((await tx.fetch(OVERDUE, now=tx.now, organisations=sorted(organisations)))[0].waits)
