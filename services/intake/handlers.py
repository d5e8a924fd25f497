"""What a batch of deliveries does to the inbox and what the bus is told of it; and what intake hears from sla."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.intake.domain import conversation, deadlines, sites
from services.intake.domain.conversation import Classification, Classify, Thread
from services.intake.domain.facts import (
    AuthorBlocked,
    AuthorDeleted,
    ConversationFact,
    CustomerWrote,
    Fact,
    MessageModerated,
    PostPublished,
    SiteSeen,
    StaffReplied,
)
from services.intake.domain.ids import Pseudonyms
from services.intake.domain.reading import Malformed, Reading, read
from services.intake.domain.telling import in_story, tell
from services.intake.store import deadlines as kept
from services.intake.store import deliveries as delivered
from services.intake.store import inbox
from services.intake.store.deliveries import Delivery, Failure
from services.intake.store.inbox import Key
from services.intake.store.saving import save
from shared.bus import Batch
from shared.bus.tx import Tx
from shared.policy import Packs

__all__ = ["SLA", "Outcome", "Rules", "deliveries", "sla"]

OfMessage = (CustomerWrote, MessageModerated, AuthorDeleted)

MAX_CLASSIFIED = 65_536
"""Of a longer text only so many characters are classified: no network lets a customer write more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a delivery is read by: the policies, and each organisation's key for ids."""

    packs: Packs
    keys: Mapping[str, bytes] = field(repr=False)

    def classify(self, organisation: str) -> Classify:
        """The first triage of an organisation's messages, by the policy in force when each was posted."""

        def by_rule(text: str, at: datetime) -> Classification:
            found = self.packs.at(organisation, at).triage.classify(text[:MAX_CLASSIFIED])
            return Classification(found.kind, tuple(found.flags), tuple(found.why))

        return by_rule

    def mode(self, organisation: str, now: datetime) -> str | None:
        """`observe` while the organisation only observes."""
        return "observe" if self.packs.at(organisation, now).mode == "observe" else None


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    applied: int = 0
    failures: list[Failure] = field(default_factory=list)
    unknown_verbs: int = 0
    unknown_fields: int = 0
    clamped: int = 0


@dataclass(slots=True)
class _Work:
    """A batch that was read: facts in order of arrival, each with its organisation."""

    facts: list[tuple[str, Fact]] = field(default_factory=list)
    came: list[Delivery] = field(default_factory=list)
    """The delivery of each fact."""
    looks: list[tuple[str, str, datetime]] = field(default_factory=list)


async def deliveries(batch: Sequence[Delivery], tx: Tx, rules: Rules) -> Outcome:
    """Turn deliveries into items, revisions and events, in order of arrival; what cannot be read is set aside."""
    outcome = Outcome()
    work = _read(batch, rules, outcome)
    threads = await _load(tx, work)
    posts = await _new_posts(tx, work)
    await _lock_keys(tx, work)
    for (organisation, fact), came in zip(work.facts, work.came, strict=True):
        mode = rules.mode(organisation, tx.now)
        if isinstance(fact, ConversationFact):
            thread = threads[organisation, fact.conversation]
            told = conversation.FACTS[type(fact)](thread, fact, rules.classify(organisation))
            tx.emit(*in_story(thread, told, organisation, mode=mode), since=came.accepted_at, link=came.traceparent)
        elif not isinstance(fact, PostPublished) or posts.get((organisation, fact.post)) is fact:
            event = tell(sites.FACTS[type(fact)](fact), organisation, mode=mode)
            tx.emit(event, since=came.accepted_at, link=came.traceparent)
    for organisation, seen in _looks(work):
        tx.emit(tell(sites.site_seen(seen), organisation, mode=rules.mode(organisation, tx.now)))
    await save(tx, threads)
    if posts:
        await inbox.save_posts(tx, [(key[0], post) for key, post in posts.items()])
    if outcome.failures:
        await delivered.fail(tx, outcome.failures)
    failed = {(failure.organisation, failure.place) for failure in outcome.failures}
    await delivered.finish(tx, [one for one in batch if (one.organisation, one.place) not in failed])
    outcome.applied = len(batch) - len(failed)
    return outcome


def _read(batch: Sequence[Delivery], rules: Rules, outcome: Outcome) -> _Work:
    work = _Work()
    for one in batch:
        try:
            reading = read(one.raw, Pseudonyms(rules.keys[one.organisation], one.source), one.received_at)
        except Malformed as fault:
            outcome.failures.append(
                Failure(organisation=one.organisation, place=one.place, code=fault.code, detail=fault.detail)
            )
            continue
        _count(reading, outcome)
        if reading.fact is not None:
            work.facts.append((one.organisation, reading.fact))
            work.came.append(one)
        if reading.site is not None and not isinstance(reading.fact, SiteSeen):
            work.looks.append((one.organisation, reading.site, one.received_at))
    return work


def _count(reading: Reading, outcome: Outcome) -> None:
    outcome.unknown_verbs += reading.fact is None
    outcome.unknown_fields += reading.unknown_fields
    outcome.clamped += reading.clamped


async def _load(tx: Tx, work: _Work) -> dict[Key, Thread]:
    """Lock and load the conversations of a batch. A message stays in its first one, whatever a later delivery says."""
    named = {(organisation, fact.message) for organisation, fact in work.facts if isinstance(fact, OfMessage)}
    homes = await inbox.homes(tx, named) if named else {}
    replies: dict[Key, str] = {}
    for place, (organisation, fact) in enumerate(work.facts):
        if isinstance(fact, OfMessage):
            home = homes.setdefault((organisation, fact.message), fact.conversation)
            work.facts[place] = (organisation, replace(fact, conversation=home))
        elif isinstance(fact, StaffReplied):
            replies[organisation, fact.reply] = fact.conversation
    wanted = {
        (organisation, fact.conversation) for organisation, fact in work.facts if isinstance(fact, ConversationFact)
    }
    if not wanted:
        return {}
    threads = await inbox.lock(tx, wanted)
    await inbox.load_items(tx, threads, named)
    await inbox.load_named(tx, threads, homes, replies)
    return threads


async def _new_posts(tx: Tx, work: _Work) -> dict[Key, PostPublished]:
    """The posts that did not come before; of the same one twice in a batch, the first."""
    posts: dict[Key, PostPublished] = {}
    for organisation, fact in work.facts:
        if isinstance(fact, PostPublished):
            posts.setdefault((organisation, fact.post), fact)
    known = await inbox.known_posts(tx, posts) if posts else set()
    return {key: post for key, post in posts.items() if key not in known}


async def _lock_keys(tx: Tx, work: _Work) -> None:
    """Authors and sites have no row of their own: lock their keys, after the rows."""
    keys: dict[str, set[str]] = {}
    for organisation, fact in work.facts:
        if isinstance(fact, AuthorBlocked):
            keys.setdefault(organisation, set()).add(fact.author)
        elif not isinstance(fact, ConversationFact):
            keys.setdefault(organisation, set()).add(fact.site)
    for organisation, site, _ in work.looks:
        keys.setdefault(organisation, set()).add(site)
    for organisation in sorted(keys):
        await tx.lock(organisation, "messages", *keys[organisation])


def _looks(work: _Work) -> Iterable[tuple[str, SiteSeen]]:
    for organisation in sorted({owner for owner, _, _ in work.looks}):
        looked = [(site, at) for owner, site, at in work.looks if owner == organisation]
        for seen in sites.looks(looked):
            yield organisation, seen


async def sla(batch: Batch, tx: Tx) -> None:
    """Keep how long each conversation still has. Clauses: westward:3.6, wheatley:responding-to-customers."""
    told = [deadlines.deadline(record.organisation, record.name, record.data) for record in batch]
    await kept.keep(tx, deadlines.newest(told))


SLA = frozenset(deadlines.STATES)
"""The events of `sla` that intake hears; the table itself is `domain.deadlines.STATES`."""
