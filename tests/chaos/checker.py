"""Judges a history: pure functions, which find what was lost, doubled, out of order or made up.

The names are those of Jepsen's Kafka workload (https://jepsen-io.github.io/jepsen/jepsen.tests.kafka.html) where it has one:

- `lost-write`: a fact was acknowledged and an effect of it never seen, or a consumer never took it in, or a record that was seen is gone;
- `duplicate`: an effect was said twice, under two event ids (a repeated id is a redelivery, which P2 allows);
- `nonmonotonic-send`: of two facts that a client sent one after the other, the second is first seen before the first;
- `G1a`, an aborted read: an effect of a fact that was refused as not stored;
- `inconsistent-offsets`: two readings of one offset differ, or one event id has two contents;

and where it has none: `phantom` is an effect of a fact that nobody offered, `too-early` a deadline told before it was due
(P5), `gap` a partition whose records are not all accounted for (P4), `bad-refusal` an answer of a door that is neither
yes nor 503 with Retry-After, or a 503 that comes before or after the outbox's budget is spent (P6).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.chaos.history import Applied, Effect, Emitted, History, Offered, Outcome, Spent, Struck

__all__ = ["Finding", "check", "counts", "in_flight", "lags", "outcomes", "summary", "waited", "writer"]

READERS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("messages", "message-received"): ("sla",),
        ("messages", "message-replied"): ("sla",),
        ("people", "staff-left"): ("access", "consent"),
        ("sla", "sla-started"): ("intake",),
        ("sla", "sla-met"): ("intake",),
        ("sla", "sla-breach"): ("intake",),
    }
)
"""By topic and name, which services take an event of ours in."""
WRITERS: Mapping[str, str] = MappingProxyType({"messages": "intake", "people": "intake"})
"""The service that writes a topic, where that is not its name."""
CLOCK_S = 0.002
"""A record's timestamp is cut to milliseconds."""
ASKED_S = 1.0
"""A door asks once a second how much waits, and goes by that in between."""
ACCEPTED_S = 0.5
"""A deadline says nothing of the timer if what it is of was not accepted so long before it."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that must not be. `of` names the fact, the effect or the partition."""

    anomaly: str
    promise: str
    of: str
    detail: str = ""


def outcomes(history: History) -> dict[str, Outcome]:
    """By fact: ok if any attempt was, fail if every one was refused, else nobody knows."""
    said: dict[str, set[Outcome]] = defaultdict(set)
    for one in history.answered:
        said[one.fact].add(one.outcome)
    return {
        offer.fact: "ok" if "ok" in said[offer.fact] else "fail" if said[offer.fact] == {"fail"} else "info"
        for offer in history.offered
    }


def check(history: History) -> list[Finding]:
    """All that is wrong with a history, sorted; nothing, if every promise was kept."""
    first = _first_seen(history)
    parts = (_lost, _doubled, _made_up, _early)
    found = [finding for part in parts for finding in part(history, first)]
    found += _unordered(history, first)
    found += _inconsistent(history)
    found += _unapplied(history, first)
    found += _gaps(history)
    found += _refusals(history)
    found += _budget(history)
    return sorted(found)


def counts(history: History) -> dict[str, int]:
    """How much there was: facts by outcome, effects, redeliveries, ids applied."""
    by = list(outcomes(history).values())
    effects = {one.effect for one in history.emitted}
    events = {(one.source, one.event, one.effect) for one in history.emitted}
    return {
        "offered": len(history.offered),
        **{f"offered: {outcome}": by.count(outcome) for outcome in ("ok", "fail", "info")},
        "attempts": len(history.answered),
        "effects": len(effects),
        "records": len(history.emitted),
        "redelivered": len(history.emitted) - len(events),
        "applied": len(history.applied),
    }


def in_flight(history: History, fault: Struck) -> int:
    """Effects of the fault's services that were offered before it struck and reached Kafka only after that.

    What a deadline is to bring about counts only if it was due by then.
    """
    seen: dict[Effect, float] = {}
    for one in history.emitted:
        seen[one.effect] = min(one.at, seen.get(one.effect, one.at))
    return sum(
        seen.get(expected.effect, 0.0) > fault.at
        for offer in history.offered
        if offer.at < fault.at
        for expected in offer.expected
        if expected.required and expected.not_before < fault.at and writer(expected.effect) in fault.services
    )


def lags(history: History) -> list[float]:
    """How late each deadline was told that passed when nothing was broken any more, in seconds by the record's timestamp."""
    seen = {effect: events[0].at for effect, events in _first_seen(history).items()}
    accepted = {one.fact: one.at for one in reversed(history.answered) if one.outcome == "ok"}
    return [
        seen[one.effect] - one.not_before
        for offer in history.offered
        for one in offer.expected
        if one.effect in seen
        and one.not_before > history.calm > 0.0
        and accepted.get(offer.fact, one.not_before) < one.not_before - ACCEPTED_S
    ]


def writer(effect: Effect) -> str:
    """The service that says it; of a dead letter, the one whose group could not read it."""
    if effect.name == "dead-letter":
        return effect.topic.rsplit("-", 1)[1].removesuffix(".dlt")
    return WRITERS.get(effect.topic, effect.topic)


def _first_seen(history: History) -> dict[Effect, list[Emitted]]:
    """By effect, the first record of each event that says it, in the order of the log."""
    events: dict[tuple[Effect, str, str], Emitted] = {}
    for one in sorted(history.emitted, key=lambda seen: (seen.topic, seen.partition, seen.offset)):
        events.setdefault((one.effect, one.source, one.event), one)
    first: dict[Effect, list[Emitted]] = defaultdict(list)
    for one in events.values():
        first[one.effect].append(one)
    return first


def _lost(history: History, first: Mapping[Effect, list[Emitted]]) -> Iterator[Finding]:
    known = outcomes(history)
    for offer in history.offered:
        if known[offer.fact] == "ok":
            for expected in offer.expected:
                if expected.required and expected.effect not in first:
                    yield Finding("lost-write", "P1", offer.fact, _words(expected.effect))


def _doubled(_: History, first: Mapping[Effect, list[Emitted]]) -> Iterator[Finding]:
    for effect, events in first.items():
        if len(events) > 1:
            yield Finding("duplicate", "P2", _words(effect), " and ".join(sorted(one.event for one in events)))


def _made_up(history: History, first: Mapping[Effect, list[Emitted]]) -> Iterator[Finding]:
    """Refused facts whose effects are there all the same, and effects that belong to no fact at all."""
    known = outcomes(history)
    owners = {expected.effect: offer.fact for offer in history.offered for expected in offer.expected}
    for effect, events in first.items():
        fact = owners.get(effect)
        if fact is None:
            yield Finding("phantom", "P2", _words(effect), " and ".join(sorted(one.event for one in events)))
        elif known[fact] == "fail":
            yield Finding("G1a", "P6", fact, _words(effect))


def _early(history: History, first: Mapping[Effect, list[Emitted]]) -> Iterator[Finding]:
    for offer in history.offered:
        for expected in offer.expected:
            for one in first.get(expected.effect, ()):
                if one.at < expected.not_before - CLOCK_S:
                    early = f"{expected.not_before - one.at:.3f} s before"
                    yield Finding("too-early", "P5", offer.fact, f"{_words(expected.effect)}: {early}")


def _unordered(history: History, first: Mapping[Effect, list[Emitted]]) -> Iterator[Finding]:
    """In each lane and topic, what was sent and answered before something else was offered is also seen before it."""
    acknowledged: dict[str, float] = {}
    for answer in history.answered:
        if answer.outcome == "ok":
            acknowledged[answer.fact] = min(answer.at, acknowledged.get(answer.fact, answer.at))
    lanes: dict[str, list[Offered]] = defaultdict(list)
    for offer in history.offered:
        if offer.fact in acknowledged:
            lanes[offer.lane].append(offer)
    for offers in lanes.values():
        for later in offers:
            for earlier in offers:
                if acknowledged[earlier.fact] < later.at:
                    yield from _overtaken(earlier, later, first)


def _overtaken(earlier: Offered, later: Offered, first: Mapping[Effect, list[Emitted]]) -> Iterator[Finding]:
    """Effects of the later fact that are before one of the earlier fact's on the same topic."""
    for one in _in_turn(later, first):
        for before in _in_turn(earlier, first):
            if one.effect.topic == before.effect.topic and (one.partition, one.offset) < (
                before.partition,
                before.offset,
            ):
                detail = f"{_words(one.effect)} is before {_words(before.effect)} of {earlier.fact}"
                yield Finding("nonmonotonic-send", "P3", later.fact, detail)


def _in_turn(offer: Offered, first: Mapping[Effect, list[Emitted]]) -> list[Emitted]:
    """The first record of each of a fact's effects that was seen, without those that time brings about."""
    due = [one.effect for one in offer.expected if one.not_before == 0.0]
    return [first[effect][0] for effect in due if effect in first]


def _inconsistent(history: History) -> Iterator[Finding]:
    read = {(one.topic, one.partition, one.offset): one.content for one in history.emitted}
    for place, content in history.live:
        if place not in read:
            yield Finding(
                "lost-write", "P2", "/".join(map(str, place)), "read while it ran, and gone from the log since"
            )
        elif read[place] != content:
            yield Finding("inconsistent-offsets", "P2", "/".join(map(str, place)), "read twice, and not alike")
    contents: dict[tuple[str, str, str], str] = {}
    for one in history.emitted:
        event = (one.topic, one.source, one.event)
        if contents.setdefault(event, one.content) != one.content:
            yield Finding("inconsistent-offsets", "P2", one.event, f"two contents on {one.topic}")


def _unapplied(history: History, first: Mapping[Effect, list[Emitted]]) -> Iterator[Finding]:
    """What reached Kafka and is not among the ids that its readers took in; and ids that are from nowhere."""
    known = outcomes(history)
    wanted = {
        Applied(service, effect.organisation, one.source, one.event): one.event
        for effect, events in first.items()
        for one in events
        for service in READERS.get((effect.topic, effect.name), ())
    }
    for offer in history.offered:
        if known[offer.fact] == "ok":
            wanted |= dict.fromkeys(offer.applied, offer.fact)
    for applied, fact in wanted.items():
        if applied not in history.applied:
            yield Finding("lost-write", "P2", fact, f"not taken in by {applied.service}")
    heard = {(one.effect.organisation, one.source, one.event) for one in history.emitted}
    heard |= {(one.organisation, one.source, one.id) for offer in history.offered for one in offer.applied}
    for one in history.applied:
        if (one.organisation, one.source, one.id) not in heard:
            yield Finding("phantom", "P2", one.id, f"taken in by {one.service}, and on no topic")


def _gaps(history: History) -> Iterator[Finding]:
    letters: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in history.emitted:
        if one.effect.name == "dead-letter":
            letters[writer(one.effect), one.topic.partition(".houserules-")[0]].add(one.event)
    dead: dict[tuple[str, str], int] = defaultdict(int)
    if history.unquiet:
        yield Finding("gap", "P4", "never quiet", history.unquiet)
    for taken in history.taken:
        dead[taken.service, taken.topic] += taken.dead
        where = f"{taken.service}: {taken.topic} partition {taken.partition}"
        if taken.next - taken.first != taken.counted:
            yield Finding("gap", "P4", where, f"{taken.next - taken.first} records, {taken.counted} accounted for")
        if taken.next != taken.end:
            yield Finding("gap", "P4", where, f"taken up to {taken.next}, the log ends at {taken.end}")
    for place, number in dead.items():
        if number != len(letters[place]):
            yield Finding("gap", "P4", ": ".join(place), f"{number} dead, {len(letters[place])} dead letters")


def _refusals(history: History) -> Iterator[Finding]:
    for one in history.answered:
        if one.status is not None and not (one.status < 300 or (one.status == 503 and one.again)):
            yield Finding("bad-refusal", "P6", one.fact, f"answered {one.status}")


def _budget(history: History) -> Iterator[Finding]:
    """Whether the doors accepted until the budget was spent, and no longer, by what their clients had sent and heard."""
    for spent, bounds in waited(history):
        if bounds is None:
            yield Finding("bad-refusal", "P6", "full-budget", "nothing was refused")
            continue
        must, might = bounds
        where = f"of {spent.budget} events that may wait"
        if might <= spent.budget:
            yield Finding("bad-refusal", "P6", "full-budget", f"refused when at the most {might} {where} could wait")
        if must > spent.budget:
            yield Finding("bad-refusal", "P6", "full-budget", f"accepted when {must} {where} had waited for a second")


def waited(history: History) -> Iterator[tuple[Spent, tuple[int, int] | None]]:
    """Of each time that the budget was spent, how many events waited when the doors last found room, at the least, and when
    they first refused, at the most; None if they never did."""
    size = {
        offer.fact: sum(WRITERS.get(one.effect.topic) == "intake" for one in offer.expected)
        for offer in history.offered
    }
    for spent in history.spent:
        during = [one for one in history.answered if one.since >= spent.since and one.at <= spent.until]
        refused = min((one.at for one in during if one.status == 503 and one.again), default=None)
        yield spent, None if refused is None else _waited(history, spent, refused, size)


def _waited(history: History, spent: Spent, refused: float, size: Mapping[str, int]) -> tuple[int, int]:
    """At the least: the event door's own that were accepted a second before the last request that was let in had been sent.
    The door had asked since then. Deliveries become events only when the worker has read them, and of what waited before
    Kafka may have had some already, so that neither is counted.

    At the most: what waited before, and all that was under way since and was not refused.
    """
    under_way = [one for one in history.answered if one.at >= spent.since and one.since <= refused]
    might = spent.unsent + spent.unread + sum(size[one.fact] for one in under_way if one.outcome != "fail")
    let_in = [one for one in under_way if one.outcome == "ok" and one.status is not None and one.since >= spent.since]
    asked = max((one.since for one in let_in if one.at <= refused), default=spent.since) - ASKED_S
    batches = {offer.fact for offer in history.offered if offer.expected and offer.expected[0].effect.topic == "people"}
    must = sum(size[one.fact] for one in let_in if one.at < asked and one.fact in batches)
    return must, might


def _words(effect: Effect) -> str:
    return f"{effect.name} of {effect.of} on {effect.topic} ({effect.organisation})"


def summary(findings: Iterable[Finding]) -> str:
    """One line for each, for people."""
    return "\n".join(f"{one.promise} {one.anomaly}: {one.of}: {one.detail}" for one in findings)
