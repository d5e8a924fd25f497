"""What is told on `consent`, and the clauses that each event enforces."""

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from services.consent.domain.decision import Judged
from services.consent.domain.images import Stage
from shared.contracts import Data, Event, event_of
from shared.contracts.consent import ConsentMissing, ConsentSatisfied
from shared.policy import Pack

__all__ = ["SOURCE", "about_decision", "clauses_of", "tell"]

SOURCE = "/houserules/consent"

DUTIES: dict[str, str] = {
    "staff-objection": "staff-internal",
    "role-basis-ended": "staff-internal",
    "staff-specific-consent": "staff-external",
    "person-unidentified": "identification",
    "identifiable-unchecked": "identification",
    "face-count": "identification",
    "expired": "holding-forms",
    "withdrawn": "withdrawal",
    "refused": "withdrawal",
    "background": "background",
    "copyright": "copyright",
}
"""The duty of the pack that a code is about; any other code is about the signed form."""


def clauses_of(pack: Pack, codes: Iterable[str]) -> tuple[str, ...]:
    """The clauses of the duties that these codes are about, each once."""
    duties: dict[str, None] = {DUTIES.get(code, "signed-form"): None for code in codes}
    found = [clause for name, duty in pack.consent.duties.items() if name in duties for clause in duty.clauses]
    return tuple(dict.fromkeys(found or pack.consent.clauses))


def tell(
    pack: Pack,
    data: Data,
    *,
    id: str,
    now: datetime,
    codes: Collection[str] = (),
    story: str | None = None,
    cause: str | None = None,
) -> Event:
    """An event of this service's; its time is when it was decided."""
    event = event_of(
        data,
        id=id,
        source=SOURCE,
        organisation=pack.organisation,
        time=now,
        clauses=clauses_of(pack, codes),
        mode="observe" if pack.mode == "observe" else None,
    )
    return msgspec.structs.replace(event, correlation_id=story, causation_id=cause)


def about_decision(judged: Judged, decision_id: str, stage: Stage) -> ConsentMissing | ConsentSatisfied:
    """What a decision says: missing, with everything that is, or satisfied."""
    findings = judged.findings
    if not findings:
        return ConsentSatisfied(image=judged.image, content_hash=judged.content_hash, decision_id=decision_id)
    return ConsentMissing(
        image=judged.image,
        content_hash=judged.content_hash,
        decision="block" if judged.decision == "block" else "review",
        decision_id=decision_id,
        at_stage=stage,
        findings=findings,
    )
