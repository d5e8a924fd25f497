"""The decision on one content of an image: its people in its uses, and the image itself. The worst of all decides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.consent.domain.images import Description, Image, Use, Version, uses_of
from services.consent.domain.people import Found, Person, Rules, decide_people
from services.consent.domain.records import covered
from services.consent.domain.table import Decision, Reach, reach_of
from shared.contracts.consent import Finding
from shared.contracts.images import Copyright

__all__ = ["RULES", "Judged", "inputs_of", "judge", "judge_use", "next_check"]

RULES = "1"
"""The version of these rules, kept with every decision."""

WORST: Mapping[str, int] = {"permit": 0, "review": 1, "block": 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """One content of an image, judged. `found` has what is permitted as well."""

    image: str
    content_hash: str
    found: tuple[Found, ...]

    @property
    def decision(self) -> Decision:
        """The worst."""
        return max((one.decision for one in self.found), key=lambda one: WORST[one], default="permit")

    @property
    def missing(self) -> tuple[Found, ...]:
        """What is not permitted, each once, in one order."""
        wanting = {_place(one): one for one in self.found if one.decision != "permit"}
        return tuple(wanting[place] for place in sorted(wanting))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The same, as the bus has it."""
        return tuple(
            Finding(
                person=one.person,
                use=one.use.use if one.use is not None else None,
                channel=one.use.channel if one.use is not None else None,
                decision="block" if one.decision == "block" else "review",
                code=one.code,  # type: ignore[arg-type] # a code of the table that does not permit is one of the bus
            )
            for one in self.missing
        )

    @property
    def fingerprint(self) -> str:
        """Equal for equal findings."""
        return msgspec.json.encode(self.findings).decode()


def _place(one: Found) -> tuple[str, str, str, str]:
    use = one.use
    return (use.use or "" if use else "", use.channel if use else "", one.person or "", one.code)


def judge(image: Image, version: Version, known: Mapping[str, Person], rules: Rules) -> Judged:
    """One content in all its uses, as they stand."""
    return judge_use(image, version, uses_of(image, version), known, rules)


def judge_use(image: Image, version: Version, uses: Sequence[Use], known: Mapping[str, Person], rules: Rules) -> Judged:
    """One content in these uses (westward:4.10, 7.6, 10.1, 10.4, wheatley:policy-details)."""
    description = version.description
    if description is None:
        found = tuple(Found(None, use, "block", "unknown-image") for use in uses)
        return Judged(image.image, version.content_hash, found)
    of_people = decide_people(description.people, image.image, uses, known, rules)
    of_image = _of_image(description, version.cleared_by, uses, rules)
    return Judged(image.image, version.content_hash, (*of_people, *of_image))


def _of_image(description: Description, cleared_by: str | None, uses: Sequence[Use], rules: Rules) -> Iterator[Found]:
    """What concerns the image and nobody in particular; without uses, only what does not depend on one."""
    wrong_count = miscounted(description)
    for use in uses or (None,):
        if wrong_count:
            yield Found(None, use, "review", "face-count", 21)
        if not _may_copy(description.copyright, use, rules):
            yield Found(None, use, "block", "copyright")
        cleared = cleared_by is not None and cleared_by != description.uploader
        if use is not None and reach_of(use.channel) is Reach.EXTERNAL and not cleared:
            yield Found(None, use, "block", "background")
    if not uses and any(one.person is None and one.identifiable is not False for one in description.people):
        yield Found(None, None, "block", "person-unidentified", 20)


def miscounted(description: Description) -> bool:
    """Fewer people declared than faces counted or named in the file; nobody at all needs the uploader's word (21, 22)."""
    people = description.people
    declared = len({one.person for one in people if one.person is not None}) + sum(one.person is None for one in people)
    named = description.metadata.people_named if description.metadata is not None else 0
    counted = max(description.face_count or 0, named)
    return declared < counted or (declared == 0 and not description.nobody_shown)


def _may_copy(basis: Copyright | None, use: Use | None, rules: Rules) -> bool:
    """Owned, in the public domain, or licensed in date and for the channel; unknown is no (westward:10.1, 10.2)."""
    if basis is None or basis.basis == "unknown":
        return False
    if basis.basis != "licensed":
        return True
    ends = licensed_until(basis, rules)
    return (ends is None or rules.now < ends) and (use is None or covered(basis.channels, use.channel))


def licensed_until(basis: Copyright | None, rules: Rules) -> datetime | None:
    """The first instant at which a licence no longer holds."""
    if basis is None or basis.until is None:
        return None
    try:
        return basis.until.ends(rules.zone)
    except (OverflowError, ValueError):
        return None


def next_check(image: Image, rules: Rules) -> datetime | None:
    """The next instant at which time alone may change a decision on this image: a licence ends."""
    hashes = {placement.content_hash for placement in image.placed}
    ends = [
        licensed_until(version.description.copyright, rules)
        for version in image.versions.values()
        if version.description is not None and (version is image.current or version.content_hash in hashes)
    ]
    return min((end for end in ends if end is not None and end > rules.now), default=None)


def inputs_of(
    image: Image, version: Version, judged: Judged, known: Mapping[str, Person], rules: Rules
) -> dict[str, Any]:
    """Everything that a decision rested on, in ids and codes."""
    people = {one.person for one in judged.found if one.person is not None}
    return {
        "at": rules.now.isoformat(),
        "evidence": "signed" if rules.signature else "any-approval",
        "cleared_by": version.cleared_by,
        "uses": [
            [use.use, use.channel, use.purpose, use.live_since.isoformat() if use.live_since else None]
            for use in uses_of(image, version)
        ],
        "stints": {
            person: [
                [stint.stint, stint.begins.isoformat(), stint.until.isoformat() if stint.until else None]
                for stint in known[person].stints
            ]
            for person in sorted(people)
            if person in known
        },
        "found": [
            [
                one.person,
                one.use.use if one.use else None,
                one.row,
                one.code,
                one.record.consent if one.record else None,
            ]
            for one in judged.found
        ],
    }
