"""Which entity an event is keyed by, and how an event is made from its data."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared.contracts import CONTRACTS, contract, contract_of, decode_data, event_of
from shared.contracts.access import LeaverUnmatched
from shared.contracts.consent import RetentionCompleted
from shared.contracts.messages import IncidentRaised, MessageReceived, PersonalDataExposed
from tests.contract.samples import data, raw

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)


def _taken(name: str, **changes: Any) -> Any:
    return decode_data(name, raw(data(name, **changes)))


KEYS = [
    ("message-received", {}, "conv-01957a3e"),
    ("author-blocked", {"author": "hmac-1"}, "hmac-1"),
    ("author-unblocked", {"author": "hmac-1"}, "hmac-1"),
    ("block-recommended", {"author": "hmac-1"}, "hmac-1"),
    ("post-published", {"site": "site-1"}, "site-1"),
    ("site-monitored", {"site": "site-1"}, "site-1"),
    ("reach-reported", {"site": "site-1"}, "site-1"),
    ("personal-data-exposed", {"conversation": "conv-1", "post": "post-1"}, "conv-1"),
    ("personal-data-exposed", {"conversation": None, "post": "post-1"}, "post-1"),
    ("incident-raised", {"conversation": "conv-1"}, "conv-1"),
    ("incident-raised", {"conversation": None}, "inc-0007"),
    ("staff-left", {"person": "p-9"}, "p-9"),
    ("policy-acknowledged", {"person": "p-9"}, "p-9"),
    ("image-uploaded", {"image": "img-9"}, "img-9"),
    ("image-deleted", {"image": "img-9"}, "img-9"),
    ("sla-breach", {}, "conv-01957a3e"),
    ("closure-announced", {}, "westward"),
    ("closure-withdrawn", {}, "westward"),
    ("closure-notice-missing", {}, "westward"),
    ("review-due", {}, "westward"),
    ("content-cadence-missed", {"site": "site-1"}, "site-1"),
    ("monitoring-missed", {"site": "site-1"}, "site-1"),
    ("revoke-access", {"person": "p-9"}, "p-9"),
    ("leaver-unmatched", {"person": "p-9"}, "p-9"),
    ("leaver-unmatched", {"person": None}, "case-7001"),
    ("leavers-held", {"person": None}, "case-7001"),
    ("scim-leaver-rejected", {"person": "p-9"}, "p-9"),
    ("access-granted", {"person": "p-9"}, "p-9"),
    ("account-authorised", {"account": "acc-9"}, "acc-9"),
    ("account-unauthorised", {"account": "acc-9"}, "acc-9"),
    ("account-registered", {"account": "acc-9"}, "acc-9"),
    ("oversight-missing", {"site": "site-1"}, "site-1"),
    ("site-approved", {"site": "site-1"}, "site-1"),
    ("access-review-due", {}, "westward"),
    ("policy-review-due", {}, "westward"),
    ("consent-missing", {"image": "img-9"}, "img-9"),
    ("consent-given", {"person": "s-9"}, "s-9"),
    ("consent-expired", {"person": "s-9"}, "s-9"),
    ("takedown-requested", {"image": "img-9"}, "img-9"),
    ("image-quarantined", {"image": "img-9"}, "img-9"),
    ("retention-overdue", {"person": "s-9"}, "s-9"),
]


@pytest.mark.parametrize(("name", "changes", "key"), KEYS, ids=[f"{name}-{key}" for name, _, key in KEYS])
def test_an_event_is_keyed_by_its_entity(name: str, changes: dict[str, Any], key: str) -> None:
    assert CONTRACTS[name].key(_taken(name, **changes), "westward") == key


def test_an_event_without_an_entity_cannot_be_keyed() -> None:
    kept = RetentionCompleted(consent="con-1", form_hash="sha256:ab", at=NOON)
    with pytest.raises(ValueError, match="RetentionCompleted is keyed by person"):
        contract_of(RetentionCompleted).key(kept, "westward")


def test_an_event_takes_its_name_key_and_story_from_what_it_is_made_of() -> None:
    cause = event_of(
        IncidentRaised(incident="inc-1", category="threat", at=NOON),
        id="e-1",
        source="/houserules/intake",
        organisation="westward",
        time=NOON,
    )
    assert (cause.name, cause.topic, cause.key, cause.type) == (
        "incident-raised",
        "messages",
        "inc-1",
        "houserules.incident-raised.v1",
    )
    assert (cause.correlation_id, cause.causation_id) == (None, None)
    second = event_of(
        LeaverUnmatched(case="case-1"),
        id="e-2",
        source="/houserules/access",
        organisation="westward",
        time=NOON.astimezone(timezone(timedelta(hours=5))),
        clauses=["westward:6.4"],
        cause=cause,
    )
    assert (second.correlation_id, second.causation_id, second.clauses) == ("e-1", "e-1", ("westward:6.4",))
    third = event_of(
        PersonalDataExposed(site="site-1", origin="own", types=("postcode",), at=NOON),
        id="e-3",
        source="/houserules/intake",
        organisation="westward",
        time=NOON,
        cause=second,
    )
    assert (third.key, third.correlation_id, third.causation_id) == ("site-1", "e-1", "e-2")


def test_a_name_that_is_not_ours_has_no_contract() -> None:
    assert contract("message-received") is contract_of(MessageReceived)
    for other in ("message-recieved", "houserules.message-received.v1", ""):
        assert contract(other) is None
    with pytest.raises(KeyError):
        decode_data("message-recieved", b"{}")
