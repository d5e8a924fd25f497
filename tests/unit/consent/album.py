"""Words to tell who is shown, what they said and when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from services.consent.domain.images import Use
from services.consent.domain.people import Found, Person, Rules, decide_person
from services.consent.domain.records import Consent, Subject, Withdrawal, faults_of, speaks_from, validity
from services.consent.domain.stints import Stint
from shared.contracts.images import PersonShown
from shared.policy import load_packs

__all__ = ["LANDLORDS", "TODAY", "decided", "given", "no", "rules", "shown", "staff", "verbal", "withdrawn"]

LANDLORDS = ("westward", "wheatley")
TODAY = date(2026, 3, 27)
NOW = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)
PACKS = load_packs()


def rules(landlord: str, now: datetime = NOW) -> Rules:
    """What the landlord's pack asks for."""
    return Rules.of(PACKS.at(landlord, now), now)


def given(
    *channels: str,
    on: date | None = date(2026, 3, 1),
    method: Any = "signed",
    by: str | None = "c1",
    signed: bool | None = True,
    named: str | None = "yes",
    until: date | None = None,
    faults: Sequence[str] = (),
    withdrawals: Sequence[Withdrawal] = (),
    now: datetime = NOW,
    **more: Any,
) -> Consent:
    """A consent: signed on 1 March for the website, unless it says otherwise."""
    zone = rules("westward").zone
    found = faults_of(
        method=method, signed=signed, name_matches=named, taken_on=on, taken_by=by, today=now.astimezone(zone).date()
    )
    begins, ends, _ = validity(on or TODAY, until, 3, zone)
    return Consent(
        consent=more.pop("consent", f"c-{on}-{method}"),
        person="p1",
        outcome="given",
        method=method,
        day=speaks_from(on, now, zone),
        order=more.pop("order", now),
        faults=(*found, *faults),
        channels=channels or ("website",),
        begins_at=begins,
        ends_at=ends,
        withdrawals=tuple(withdrawals),
        **more,
    )


def verbal(*channels: str, **more: Any) -> Consent:
    """By word of mouth, noted by whom and when."""
    return given(*channels, method="verbal", signed=None, **more)


def no(outcome: Any = "refused", *channels: str, on: date = date(2026, 3, 2), items: tuple[str, ...] = ()) -> Consent:
    """A refusal or an objection; without channels, of all."""
    return Consent(
        consent=f"{outcome}-{on}",
        person="p1",
        outcome=outcome,
        day=on,
        order=NOW,
        channels=channels or None,
        items=items,
    )


def withdrawn(*channels: str, on: date = date(2026, 3, 10), safety: bool = False) -> Withdrawal:
    """A consent taken back."""
    return Withdrawal(day=on, channels=channels or None, safety=safety)


def shown(kind: Any = "non-staff", person: str | None = "p1", **more: Any) -> PersonShown:
    """Somebody on the image."""
    return PersonShown(person=person, kind=kind, **more)


def staff(until: datetime | None = None) -> Stint:
    """A stint since 2020."""
    return Stint("s1", datetime(2020, 1, 1, tzinfo=UTC), until)


def decided(
    landlord: str,
    *records: Consent,
    who: PersonShown | None = None,
    channel: str = "website",
    purpose: str = "news",
    stints: Sequence[Stint] = (),
    born_on: date | None = None,
    kind: str | None = None,
    live_since: datetime | None = None,
    now: datetime = NOW,
) -> Found:
    """What somebody on image `i1` comes to in one use."""
    person = Person(Subject(person="p1", kind=kind, born_on=born_on), tuple(stints), records)
    use = Use(use="u1", channel=channel, purpose=purpose, live_since=live_since)
    return decide_person(who or shown(), "i1", use, person, rules(landlord, now))
