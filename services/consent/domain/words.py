"""Decisions in words, for people. Ids and codes only: names are for whoever may look them up."""

from collections.abc import Mapping
from types import MappingProxyType

from services.consent.domain.people import Found

__all__ = ["in_words"]

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "consent": "{who} has agreed to this, and the record is in force.",
        "role": "{who} is staff, and internal use is part of the role.",
        "form-required": "{who} has only agreed by word of mouth; a signed form is needed.",
        "no-consent": "There is no consent of {who}.",
        "refused": "{who} has refused.",
        "expired": "The consent of {who} is out of date.",
        "withdrawn": "{who} has withdrawn consent.",
        "out-of-scope": "{who} has agreed to something else: {covers}.",
        "invalid-form": "The form of {who} does not count: {faults}.",
        "guardian-required": "{who} is a child; a parent or guardian has to agree, and that cannot be recorded yet.",
        "child-alone": "{who} is a child of thirteen or more who agreed alone; somebody has to look at this.",
        "re-consent-at-age": "A guardian agreed for {who} before a birthday after which consent has to be given anew.",
        "age-unknown": "{who} may be a minor; somebody has to find out.",
        "staff-objection": "{who} is staff and has objected to internal use.",
        "staff-specific-consent": "{who} is staff; use outside needs a consent that names the image or the purpose.",
        "role-basis-ended": "{who} is no longer staff, and internal use was part of the role.",
        "identifiable-unchecked": "{who} is said not to be identifiable; a second person has to check that.",
        "person-unidentified": "Somebody can be identified and has not been named.",
        "face-count": "More faces are counted than people declared, or nobody has said that nobody is shown.",
        "deceased": "{who} has died; somebody has to look at this.",
        "background": "The background has not been cleared by somebody other than the uploader.",
        "copyright": "The right to use the image is unknown, has ended or does not cover this channel.",
        "quarantined": "The image is held because it resembles one that was withdrawn.",
        "unknown-image": "This content was never uploaded.",
    }
)
FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "unsigned": "it is not signed",
        "undated": "it has no date",
        "future-dated": "its date is in the future",
        "wrong-name": "the name on it is another",
        "unrecorded": "nobody noted who took it",
        "hash-mismatch": "the file is not the one that was named",
    }
)


def in_words(found: Found) -> str:
    """One finding as a sentence."""
    record = found.record
    covers, faults = "nothing", "it cannot be relied on"
    if record is not None:
        covers = ", ".join(record.channels or ["every channel"])
        covers += f" for {', '.join(record.purposes)}" if record.purposes else ""
        covers += f", images {', '.join(record.items)}" if record.items else ""
        faults = "; ".join(FAULTS.get(fault, fault) for fault in record.faults) or faults
    who = "Somebody unnamed" if found.person is None else f"Person {found.person}"
    return WORDS[found.code].format(who=who, covers=covers, faults=faults)
