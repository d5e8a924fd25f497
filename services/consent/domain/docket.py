"""What one transaction decides: images are judged as events fold into them, and only what changed is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from services.consent.domain.bounds import check_room
from services.consent.domain.decision import RULES, Judged, inputs_of, judge
from services.consent.domain.images import HEARD, STAGES, Image, Stage, Version
from services.consent.domain.people import Person, Rules
from services.consent.domain.takedowns import Standing, Wanted, closing, deadline, requested, wanted
from services.consent.domain.telling import about_decision, tell
from shared.contracts import Data, Event
from shared.policy import Pack, Packs

__all__ = ["Docket", "Key", "Recorded"]

Key = tuple[str, str]
"""(organisation, person or image)."""
Stay = tuple[str, str, datetime]
"""(use, hash, since): one stay of a content in a use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A decision as it is kept for good."""

    decision: str
    organisation: str
    image: str
    content_hash: str
    stage: Stage
    policy: str
    rules: str
    outcome: str
    findings: str
    inputs: dict[str, Any]


@dataclass(slots=True)
class Docket:
    """Images to be judged, everybody shown on them, and what comes of it."""

    packs: Packs
    now: datetime
    known: Mapping[Key, Person]
    new_id: Callable[[], str]
    standing: dict[Key, dict[Stay, Standing]] = field(default_factory=dict)
    """Takedowns by image."""
    events: list[Event] = field(default_factory=list)
    decisions: list[Recorded] = field(default_factory=list)
    takedowns: dict[Key, Standing] = field(default_factory=dict)
    """Those that are new or changed, by (organisation, takedown)."""
    judged: dict[tuple[str, str, str], Judged] = field(default_factory=dict)

    def hear(self, image: Image, event: Event) -> None:
        """Fold one event of `images` and judge what it asks for. Raises Crowded for one that adds too much."""
        image.story = image.story or event.correlation_id or event.id
        HEARD[event.name](image, _not_ahead(event, self.now))
        if STAGES[event.name] != "change":
            check_room(image)
        self.judge(image, STAGES[event.name], getattr(event.data, "content_hash", None), event.id)

    def judge(
        self, image: Image, stage: Stage = "change", content_hash: str | None = None, cause: str | None = None
    ) -> None:
        """Judge every content of the image that is current, scheduled or live.

        `stage` is that of `content_hash`; for any other content it is a change.
        """
        pack = self.packs.at(image.organisation, self.now)
        rules = Rules.of(pack, self.now)
        people = {p: self.known[image.organisation, p] for p in image.people if (image.organisation, p) in self.known}
        for version in image.in_hand:
            judged = judge(image, version, people, rules)
            at_stage = stage if version.content_hash == content_hash else "change"
            self._conclude(image, version, judged, at_stage, people, rules, pack, cause)
            for want in wanted(image, judged):
                self._take_down(image, want, rules, pack, cause)
        self._close(image, pack, cause)

    def _conclude(
        self,
        image: Image,
        version: Version,
        judged: Judged,
        stage: Stage,
        people: Mapping[str, Person],
        rules: Rules,
        pack: Pack,
        cause: str | None,
    ) -> None:
        """Keep the decision; tell it when it is the first on this content, or its findings changed."""
        self.judged[image.organisation, image.image, version.content_hash] = judged
        findings = judged.fingerprint
        changed = version.told != findings
        if not changed and stage == "change":
            return
        decision = self.new_id()
        self.decisions.append(
            Recorded(
                decision=decision,
                organisation=image.organisation,
                image=image.image,
                content_hash=version.content_hash,
                stage=stage,
                policy=pack.policy,
                rules=RULES,
                outcome=judged.decision,
                findings=findings,
                inputs=inputs_of(image, version, judged, people, rules),
            )
        )
        version.decision, version.changed = decision, True
        if changed:
            version.told = findings
            codes = {one.code for one in judged.missing}
            self._tell(image, about_decision(judged, decision, stage), pack, codes, cause)

    def _take_down(self, image: Image, want: Wanted, rules: Rules, pack: Pack, cause: str | None) -> None:
        """Ask for it, once for each stay; what was seen to be gone and is live again is another."""
        placement = want.placement
        stays = self.standing.setdefault((image.organisation, image.image), {})
        stay = placement.use, placement.content_hash, placement.since
        if stay in stays and stays[stay].state != "confirmed":
            return
        stays[stay] = Standing(
            takedown=self.new_id(),
            image=image.image,
            use=placement.use,
            channel=placement.channel,
            content_hash=placement.content_hash,
            since=placement.since,
            deadline=deadline(pack, rules, want.urgent),
            reason=want.found.code,
        )
        self._keep(image, stays[stay])
        self._tell(image, requested(stays[stay]), pack, {want.found.code}, cause)

    def _close(self, image: Image, pack: Pack, cause: str | None) -> None:
        """A use that the library says is over is seen to be gone."""
        stays = self.standing.get((image.organisation, image.image), {})
        live = {(one.use, one.content_hash, one.since) for one in image.placed if one.state == "live"}
        for stay, standing in stays.items():
            if standing.open and stay not in live:
                stays[stay] = replace(standing, state="confirmed")
                self._keep(image, stays[stay])
                self._tell(image, closing(stays[stay], "confirmed"), pack, {standing.reason}, cause)

    def _keep(self, image: Image, standing: Standing) -> None:
        self.takedowns[image.organisation, standing.takedown] = standing

    def _tell(self, image: Image, data: Data, pack: Pack, codes: set[str], cause: str | None) -> None:
        event = tell(pack, data, id=self.new_id(), now=self.now, codes=codes, story=image.story, cause=cause)
        self.events.append(event)


def _not_ahead(event: Event, now: datetime) -> Event:
    """What says that it will happen holds from when it is heard, lest it outweigh all that is heard until then."""
    at = getattr(event.data, "at", now)
    return event if at <= now else msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, at=now))
