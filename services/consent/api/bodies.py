"""What the doors of consents take and give."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import Row

from services.consent.api.landlords import AnyDay, CoveredName, Id, Instant, Truth

__all__ = ["ConsentBody", "ConsentPage", "Record", "State", "Withdraw", "consent_body"]

State = Literal["given", "refused", "asked", "objected", "invalid", "withdrawn", "expired"]
Language = Annotated[str, StringConstraints(min_length=2, max_length=35, pattern="^[A-Za-z0-9-]+$")]
Hash = Annotated[str, StringConstraints(pattern="^sha256:[0-9a-f]{64}$")]


class Record(BaseModel):
    """A consent record as it comes in. Which dates count is decided here, not refused: it is all kept.

    `form_hash` is what the form has to be, where the sender knows it: another file is kept, and does not count.
    """

    person: Id
    outcome: Literal["given", "refused", "asked", "objected"]
    method: Literal["signed", "verbal"] | None = None
    taken_on: AnyDay | None = None
    taken_by: Id | None = None
    signed: Truth | None = None
    name_matches: Literal["yes", "no", "unknown"] | None = None
    channels: Annotated[list[CoveredName] | None, Field(max_length=50)] = None
    purposes: Annotated[list[Id] | None, Field(max_length=50)] = None
    items: Annotated[list[Id] | None, Field(max_length=500)] = None
    valid_until: AnyDay | None = None
    language: Language | None = None
    guardian: Id | None = None
    form_hash: Hash | None = None


class Withdraw(BaseModel):
    """A withdrawal; without channels, of all that the record covers."""

    channels: Annotated[list[CoveredName] | None, Field(min_length=1, max_length=50)] = None
    at: Instant | None = None
    safety: Truth = False


class Taken(BaseModel):
    """A withdrawal of a record."""

    at: datetime
    channels: list[str] | None
    safety: bool


class Form(BaseModel):
    """A form that is filed: what it is, never what it says."""

    sha256: str
    type: str
    bytes: int


class ConsentBody(BaseModel):
    """A record as it stands. `reasons` are why it does not count; `valid_until` is its last day."""

    consent: str
    person: str
    outcome: Literal["given", "refused", "asked", "objected"]
    method: Literal["signed", "verbal"] | None
    state: State
    reasons: list[str]
    taken_on: date | None
    taken_by: str | None
    channels: list[str] | None
    purposes: list[str]
    items: list[str]
    guardian: str | None
    language: str | None
    valid_from: datetime | None
    valid_until: date | None
    form: Form | None
    withdrawals: list[Taken]
    recorded_at: datetime
    recorded_by: str


class ConsentPage(BaseModel):
    """A page of records, the oldest first."""

    items: list[ConsentBody]
    next: str | None


def consent_body(row: Row[Any]) -> dict[str, Any]:
    """A row of `consents` as it is shown."""
    form = {"sha256": row.form_hash, "type": row.form_type, "bytes": row.form_bytes} if row.form_hash else None
    return {
        "consent": str(row.consent),
        "state": row.shown_state,
        "reasons": list(row.faults),
        "valid_from": row.begins_at,
        "valid_until": row.last_day,
        "form": form,
        **{
            name: row._mapping[name]
            for name in (
                "person",
                "outcome",
                "method",
                "taken_on",
                "taken_by",
                "channels",
                "purposes",
                "items",
                "guardian",
                "language",
                "withdrawals",
                "recorded_at",
                "recorded_by",
            )
        },
    }
