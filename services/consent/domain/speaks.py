"""Which record speaks for somebody in one use, and what it says (westward:4.10, 10.4, wheatley:policy-details)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.consent.domain.days import years_on
from services.consent.domain.records import Consent
from services.consent.domain.table import Says, Who

__all__ = ["Asked", "Spoken", "speaks"]

NOES = {"objected": (Says.OBJECTED, 0), "refused": (Says.REFUSED, 1)}
NOT_ON_RECORD = {"unrecorded", "undated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of the records: one person in one use, under what the pack counts as evidence."""

    who: Who
    image: str
    channel: str
    purpose: str
    now: datetime
    today: date
    born_on: date | None = None
    signature: bool = True
    """A signed form is asked for; else any recorded approval counts."""
    specific: bool = True
    """Staff are asked for the image or the purpose; else a generic consent is enough."""
    birthdays: tuple[int, ...] = (13, 18)
    """Ages at which a guardian's consent has to be given anew."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the records come to, and the one that says so; None: there is none."""

    says: Says
    record: Consent | None = None


def speaks(records: Iterable[Consent], asked: Asked) -> Spoken:
    """The newest of given, refused, withdrawn that covers the channel decides; on one day a no wins.

    If that is a consent, any record since the last no that permits does so; else it is the newest that says why not.
    """
    known = [record for record in records if record.outcome != "asked"]
    covering = [record for record in known if record.covers(asked.channel, asked.image)]
    given = [record for record in covering if record.outcome == "given" and not record.withdrawn_on(asked.channel)]
    against = _newest_no(known, asked)
    if against is not None:
        day, no = against
        given = [record for record in given if record.day > day]
        if not given:
            return no
    if given:
        return _of(given, asked)
    elsewhere = [record for record in known if record.outcome == "given" and not record.taken_back]
    return Spoken(Says.ELSEWHERE, _newest(elsewhere)) if elsewhere else Spoken(Says.NOTHING)


def _newest_no(known: Sequence[Consent], asked: Asked) -> tuple[date, Spoken] | None:
    """The last refusal, objection or withdrawal, and its day; of one day the withdrawal, then the refusal."""
    found = []
    for record in known:
        if record.outcome != "given":
            if record.covers(asked.channel, asked.image):
                says, weight = NOES[record.outcome]
                found.append((record.day, weight, Spoken(says, record)))
        elif (day := record.withdrawn_on(asked.channel)) is not None and record.about(asked.image):
            found.append((day, 2, Spoken(Says.WITHDRAWN, record)))
    if not found:
        return None
    day, _, spoken = max(found, key=lambda one: one[:2])
    return day, spoken


def _of(given: Sequence[Consent], asked: Asked) -> Spoken:
    """What consents that cover the channel come to."""
    said = [Spoken(_says(record, asked), record) for record in given]
    for wanted in (Says.SIGNED, Says.RECORDED):
        for spoken in said:
            if spoken.says is wanted:
                return spoken
    newest = _newest(given)
    return next(spoken for spoken in said if spoken.record is newest)


def _newest(records: Sequence[Consent]) -> Consent:
    return max(records, key=lambda record: (record.day, record.order, record.consent))


def _says(record: Consent, asked: Asked) -> Says:
    """What one consent says of the use: the first thing that is wrong with it, else how it was given."""
    staff = asked.who is Who.STAFF
    if record.faults:
        spoken_only = record.method != "signed" and NOT_ON_RECORD.issuperset(record.faults)
        return Says.UNRECORDED if spoken_only else Says.INVALID
    if record.method != "signed" and asked.signature and not staff:
        return Says.VERBAL
    if not record.in_date(asked.now):
        return Says.EXPIRED
    if record.purposes and asked.purpose not in record.purposes:
        return Says.ELSEWHERE
    if staff and asked.specific and not record.purposes and not record.items:
        return Says.GENERIC
    if record.guardian is not None:
        return _guarded(record, asked)
    return Says.SIGNED if record.method == "signed" else Says.RECORDED


def _guarded(record: Consent, asked: Asked) -> Says:
    """A guardian's consent holds until the next birthday that asks for a new one, and never beyond childhood."""
    if asked.who not in (Who.CHILD, Who.TEEN):
        return Says.OUTGROWN
    birthdays = [years_on(asked.born_on, age) for age in asked.birthdays] if asked.born_on else []
    return Says.OUTGROWN if any(record.day < each <= asked.today for each in birthdays) else Says.GUARDED
