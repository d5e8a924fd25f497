"""Everybody shown on an image, in every use of it: permit, block or review, by the decision table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.consent.domain.days import day_of, years_on
from services.consent.domain.images import Use
from services.consent.domain.records import Consent, Subject
from services.consent.domain.speaks import Asked, speaks
from services.consent.domain.stints import Stint, left_at, on_staff
from services.consent.domain.table import Decision, Who, reach_of, row_for
from shared.contracts.images import PersonShown
from shared.policy import Pack

__all__ = ["Found", "Person", "Rules", "decide_people", "decide_person", "who_is"]

OF_AGE, TEEN = 18, 13


@dataclass(frozen=True, slots=True)
class Person:
    """All that is known of somebody: what Communications noted, HR's stints, their records."""

    subject: Subject
    stints: Sequence[Stint] = ()
    records: Sequence[Consent] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What one person in one use, or the image itself, comes to. `row` of the decision table; 0: not in it."""

    person: str | None
    use: Use | None
    decision: Decision
    code: str
    row: int = 0
    record: Consent | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the pack in force asks for, at one instant of policy time."""

    now: datetime
    zone: ZoneInfo
    signature: bool = True
    specific: bool = True
    birthdays: tuple[int, ...] = (TEEN, OF_AGE)

    @classmethod
    def of(cls, pack: Pack, now: datetime) -> "Rules":
        """Of a policy pack."""
        consent = pack.consent
        return cls(
            now=now,
            zone=pack.tz,
            signature=consent.evidence == "signed",
            specific=consent.staff_external == "specific",
            birthdays=consent.reconsent_ages,
        )

    @property
    def today(self) -> date:
        """The organisation's local day."""
        return day_of(self.now, self.zone)


def decide_people(
    shown: Sequence[PersonShown], image: str, uses: Sequence[Use], known: Mapping[str, Person], rules: Rules
) -> Iterator[Found]:
    """Each person in each use, permits too (westward:4.10, 10.4, wheatley:policy-details); who is shown twice, once."""
    different = tuple(dict.fromkeys(shown))
    for use in uses:
        for one in different:
            yield decide_person(one, image, use, known.get(one.person or ""), rules)


def decide_person(shown: PersonShown, image: str, use: Use, person: Person | None, rules: Rules) -> Found:
    """The one row that decides about somebody in one use; a doubt about their age turns a permit into a review."""
    who = who_is(shown, person, use, rules)
    asked = Asked(
        who=who,
        image=image,
        channel=use.channel,
        purpose=use.purpose,
        now=rules.now,
        today=rules.today,
        born_on=person.subject.born_on if person is not None else None,
        signature=rules.signature,
        specific=rules.specific,
        birthdays=rules.birthdays,
    )
    spoken = speaks(person.records if person is not None else (), asked)
    row = row_for(who, reach_of(use.channel), spoken.says)
    if row.decision == "permit" and shown.minor == "unknown":
        return Found(shown.person, use, "review", "age-unknown", 11, spoken.record)
    return Found(shown.person, use, row.decision, row.code, row.number, spoken.record)


def who_is(shown: PersonShown, person: Person | None, use: Use, rules: Rules) -> Who:
    """How somebody stands towards us in this use: staff only while HR's register says so, whatever the upload says.

    A use that went live while they were staff stays a use of staff; what came after they left is a new one.
    """
    if shown.identifiable is False:
        return Who.OBSCURED
    if shown.person is None:
        return Who.UNNAMED
    if child := _child(shown, person.subject if person is not None else None, rules.today):
        return child
    if shown.deceased:
        return Who.DECEASED
    stints = person.stints if person is not None else ()
    live_since = use.live_since
    if on_staff(stints, rules.now) or (live_since is not None and on_staff(stints, min(live_since, rules.now))):
        return Who.STAFF
    return Who.FORMER if left_at(stints, rules.now) is not None else Who.NON_STAFF


def _child(shown: PersonShown, subject: Subject | None, today: date) -> Who | None:
    """Any sign of childhood makes a child; only a birth date shows that somebody is thirteen."""
    born_on = subject.born_on if subject is not None else None
    under_age = born_on is not None and today < years_on(born_on, OF_AGE)
    registered = subject is not None and subject.kind == "child" and born_on is None
    if not (shown.kind == "child" or shown.minor == "yes" or under_age or registered):
        return None
    teen = born_on is not None and years_on(born_on, TEEN) <= today
    return Who.TEEN if teen else Who.CHILD
