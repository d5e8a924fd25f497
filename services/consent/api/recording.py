"""From what a door was told to what is kept and told on of a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from services.consent.api.bodies import Record, Withdraw
from services.consent.api.landlords import invalid
from services.consent.api.upload import Filed
from services.consent.domain.days import day_of
from services.consent.domain.endings import Ending, already_told
from services.consent.domain.records import Consent, Withdrawal, faults_of, speaks_from, validity
from services.consent.domain.telling import tell
from services.consent.store.forms import sha256
from shared.bus import Tx
from shared.contracts import Event
from shared.contracts.consent import ConsentFact, ConsentGiven, ConsentInvalidated, ConsentRefused, ConsentWithdrawn
from shared.platform.auth import Principal
from shared.platform.ids import uuid7
from shared.policy import Pack

__all__ = ["Taken", "kept", "tell_record", "withdrawn"]

TOLD: Mapping[str, tuple[type[ConsentFact], str]] = {
    "given": (ConsentGiven, "form-required"),
    "invalid": (ConsentInvalidated, "invalid-form"),
    "refused": (ConsentRefused, "refused"),
    "objected": (ConsentRefused, "staff-objection"),
}
"""What is told of a new record in this state, and the code whose clauses it is about; of one that was asked, nothing."""


def kept(
    record: Record, filed: Filed | None, pack: Pack, staff: Principal, consent: str, now: datetime
) -> dict[str, Any]:
    """The row of a new record. Raises a 422 problem for a consent without channels, or signed and without its form."""
    given = record.outcome == "given"
    method = record.method or (None if not given else "signed" if filed is not None else "verbal")
    _check(record, method, filed)
    faults = faults_of(
        method=method,
        signed=record.signed,
        name_matches=record.name_matches,
        taken_on=record.taken_on,
        taken_by=record.taken_by,
        today=day_of(now, pack.tz),
    )
    if filed is not None and record.form_hash is not None and sha256(filed[0]) != record.form_hash:
        faults = (*faults, "hash-mismatch")
    row: dict[str, Any] = {
        "organisation": pack.organisation,
        "consent": consent,
        "person": record.person,
        "outcome": record.outcome,
        "method": method,
        "taken_on": record.taken_on,
        "taken_by": record.taken_by,
        "speaks_from": speaks_from(record.taken_on, now, pack.tz),
        "faults": list(faults) if given else [],
        "channels": record.channels or None,
        "purposes": record.purposes or [],
        "items": record.items or [],
        "guardian": record.guardian,
        "language": record.language,
        "form_hash": sha256(filed[0]) if filed else None,
        "form_type": filed[1] if filed else None,
        "form_bytes": len(filed[0]) if filed else None,
        "state": "invalid" if given and faults else record.outcome,
        "recorded_at": now,
        "recorded_by": staff.person,
    }
    return row | _term(record, row, pack, now)


def _check(record: Record, method: str | None, filed: Filed | None) -> None:
    faults = []
    if record.outcome == "given" and not record.channels:
        faults.append(("/body/record/channels", "a consent names its channels"))
    if record.outcome == "given" and method == "signed" and filed is None:
        faults.append(("/body/form", "a signed consent comes with its form"))
    if faults:
        raise invalid(*faults)


def _term(record: Record, row: Mapping[str, Any], pack: Pack, now: datetime) -> dict[str, Any]:
    """From when until when a consent holds; nothing for what is none."""
    term: dict[str, Any] = {"begins_at": None, "ends_at": None, "last_day": None, "days_told": None}
    if row["state"] != "given" or record.taken_on is None:
        return term
    begins_at, ends_at, last_day = validity(record.taken_on, record.valid_until, pack.consent.valid_years, pack.tz)
    ending = Ending(consent=row["consent"], person=record.person, channels=None, purposes=(), last_day=last_day)
    told = already_told(ending, pack.consent.expiring_days, now, pack.tz)
    return {"begins_at": begins_at, "ends_at": ends_at, "last_day": last_day, "days_told": told}


def tell_record(tx: Tx, pack: Pack, values: Mapping[str, Any]) -> None:
    """Tell of a new record, whose person is locked."""
    shape, code = TOLD.get(values["state"], (None, ""))
    if shape is not None:
        data = shape(
            consent=values["consent"],
            person=values["person"],
            channels=tuple(values["channels"]) if values["channels"] else None,
            purposes=tuple(values["purposes"]) or None,
            at=values["recorded_at"],
            valid_until=values["last_day"],
        )
        tx.emit(tell(pack, data, id=uuid7(), now=tx.now, codes={code}))


@dataclass(frozen=True, slots=True)
class Taken:
    """A withdrawal: its row, what is told, and whether nothing of the record is left."""

    values: Mapping[str, Any]
    event: Event
    whole: bool


def withdrawn(row: Row[Any], wish: Withdraw, pack: Pack, staff: Principal, now: datetime) -> Taken:
    """Take back a record. It holds from receipt; an earlier instant that is named counts as that day."""
    at = min(wish.at, now) if wish.at is not None else now
    day: date = day_of(at, pack.tz)
    channels = tuple(wish.channels) if wish.channels else None
    before = tuple(
        Withdrawal(day=day, channels=tuple(one["channels"]) if one["channels"] else None) for one in row.withdrawals
    )
    after = Consent(
        consent=str(row.consent),
        person=row.person,
        outcome="given",
        day=row.speaks_from,
        order=row.recorded_at,
        channels=tuple(row.channels),
        withdrawals=(*before, Withdrawal(day=day, channels=channels)),
    )
    data = ConsentWithdrawn(
        consent=str(row.consent), person=row.person, channels=channels or tuple(row.channels), at=at
    )
    values = {
        "organisation": pack.organisation,
        "withdrawal": uuid7(),
        "consent": row.consent,
        "day": day,
        "at": at,
        "channels": list(channels) if channels else None,
        "safety": wish.safety,
        "recorded_at": now,
        "recorded_by": staff.person,
    }
    return Taken(values, tell(pack, data, id=uuid7(), now=now, codes={"withdrawn"}), after.taken_back)
