"""The lists of codes, as they are promised."""

from typing import Any

import msgspec
import pytest

from shared.contracts import CONTRACTS, Invalid, decode_data
from tests.contract.samples import data, raw


def _refused(name: str, **changes: Any) -> str:
    with pytest.raises(Invalid) as caught:
        decode_data(name, raw(data(name, **changes)))
    return caught.value.detail


def _taken(name: str, **changes: Any) -> Any:
    return decode_data(name, raw(data(name, **changes)))


# The lists as they are promised: (event, field) → codes.
LISTS: dict[tuple[str, str], str] = {
    ("message-received", "visibility"): "public private",
    ("message-received", "time_basis"): "platform delivery receipt",
    ("message-received", "kind"): "query complaint feedback thanks offensive threat spam unclassified",
    ("message-received", "flags"): "negative personal-data",
    ("message-edited", "kind"): "query complaint feedback thanks offensive threat spam unclassified",
    ("message-classified", "by"): "rule person",
    ("message-moderated", "action"): "hidden removed restored",
    ("message-moderated", "reason"): "offensive inappropriate personal-data spam other",
    ("conversation-waived", "reason"): "not-appropriate no-reply-needed",
    ("post-published", "category"): "information corporate human-interest",
    ("site-monitored", "by"): "person connector",
    ("personal-data-exposed", "origin"): "customer own",
    ("incident-raised", "category"): "threat abuse harassment safeguarding risk-to-life",
    ("sla-started", "kind"): "response resolution moderate take-private removal-notice explain-removal",
    ("sla-started", "message_kind"): "query complaint feedback thanks offensive threat spam unclassified",
    ("sla-breach-retracted", "reason"): "answered-in-time waived exempted voided reclassified opened-earlier",
    ("sla-exempted", "reason"): "offensive author-blocked",
    ("sla-waived", "reason"): "not-appropriate no-reply-needed",
    ("sla-voided", "reason"): "deleted-by-author",
    ("sla-withdrawn", "reason"): "reclassified edited opened-earlier",
    ("sla-recalculated", "reason"): "closure-announced closure-withdrawn calendar-changed",
    ("review-due", "register"): "external-site",
    ("revoke-access", "action"): (
        "remove-role close-profile remove-member rotate-secret transfer reject-approval cancel-invitation"
    ),
    ("revoke-access", "reason"): "left withdrawn moved lapsed review",
    ("revoke-access", "role"): "admin editor moderator advertiser member",
    ("consent-missing", "decision"): "block review",
    ("consent-missing", "at_stage"): "upload edit schedule publish change",
    ("image-quarantined", "matches"): "exact near",
}


@pytest.mark.parametrize(("name", "field"), LISTS, ids=".".join)
def test_a_list_has_its_codes_and_no_other(name: str, field: str) -> None:
    many = isinstance(data(name)[field], list)
    for code in LISTS[name, field].split():
        assert _taken(name, **{field: [code] if many else code})
    for other in ("something-else", "", LISTS[name, field].split()[0].upper()):
        assert f"Expected one of the listed codes - at `$.{field}" in _refused(
            name, **{field: [other] if many else other}
        )


INNER: dict[tuple[str, str, str], str] = {
    ("image-uploaded", "people", "kind"): "staff non-staff child contractor volunteer board-member tenant unknown",
    ("image-uploaded", "people", "minor"): "yes no unknown",
    ("image-uploaded", "copyright", "basis"): "owned licensed public-domain unknown",
    ("image-uploaded", "metadata", "model_release"): "none limited unlimited unknown",
    ("revoke-access", "item", "kind"): "grant profile membership invitation approval app duty",
    ("consent-missing", "findings", "decision"): "block review",
    ("consent-missing", "findings", "code"): (
        "form-required no-consent refused expired withdrawn out-of-scope invalid-form guardian-required child-alone "
        "re-consent-at-age age-unknown staff-objection staff-specific-consent role-basis-ended identifiable-unchecked "
        "person-unidentified face-count deceased background copyright quarantined unknown-image"
    ),
}


@pytest.mark.parametrize(("name", "outer", "field"), INNER, ids=".".join)
def test_a_list_within_an_object_has_its_codes_and_no_other(name: str, outer: str, field: str) -> None:
    def changed(code: str) -> dict[str, Any]:
        inside = data(name)[outer]
        first = inside[0] if isinstance(inside, list) else inside
        first[field] = code
        return {outer: inside}

    for code in INNER[name, outer, field].split():
        assert _taken(name, **changed(code))
    detail = _refused(name, **changed("something-else"))
    assert detail.startswith("Expected one of the listed codes - at `$.")
    assert detail.endswith(f".{field}`")


def test_every_list_of_codes_is_promised_here() -> None:
    """A list that is not in the tables above is nowhere held; lists of one class and field count once."""
    promised = {(CONTRACTS[name].data.__name__, field) for name, field in LISTS}
    promised |= {(outer, field) for _, outer, field in INNER}
    same_list = [codes.split() for codes in (*LISTS.values(), *INNER.values(), "1 2 3")]
    for each in CONTRACTS.values():
        for field in msgspec.structs.fields(each.data):
            for codes in _literals(msgspec.inspect.type_info(field.type)):
                assert any(sorted(map(str, codes)) == sorted(one) for one in same_list), (each.name, field.name)


def _literals(kind: msgspec.inspect.Type) -> list[tuple[object, ...]]:
    if isinstance(kind, msgspec.inspect.LiteralType):
        return [kind.values]
    if isinstance(kind, msgspec.inspect.UnionType):
        return [each for inner in kind.types for each in _literals(inner)]
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _literals(kind.item_type)
    if isinstance(kind, msgspec.inspect.StructType):
        return [each for inner in kind.fields for each in _literals(inner.type)]
    return []
