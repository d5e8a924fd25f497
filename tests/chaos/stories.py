"""What the systems outside have to tell, fact by fact, and what must come of each."""

import hashlib
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from shared.platform.ids import uuid7
from tests.chaos.history import Applied, Effect, Expected
from tests.chaos.outside import Outside, Said
from tests.chaos.watching import PREFIX, instant

__all__ = ["ORGANISATIONS", "Fact", "Staff", "Stories", "Story"]

ORGANISATIONS = ("westward", "wheatley")
COMPLAINT = "I want to make a complaint: the repair was never done."
GRANTS = 2
DUE_AFTER = {"westward": timedelta(hours=4), "wheatley": timedelta(days=3)}
"""By each policy, from Monday, 23 March 2026, 09:00, and from the Friday before, 13:00: to Monday, 13:00."""
ANSWER_WITHIN = {"westward": timedelta(hours=20), "wheatley": timedelta(hours=24)}
"""From that Monday, 13:00: to Tuesday, 09:00 and 13:00."""
WARNED_AFTER = {
    "westward": (timedelta(hours=2), timedelta(hours=3.5)),
    "wheatley": (timedelta(hours=60), timedelta(hours=71)),
}
SOON_S = (2.0, 12.0)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to be said, as often as it takes, with the same ids each time."""

    id: str
    lane: str
    expected: tuple[Expected, ...]
    attempt: Callable[[], Awaitable[Said]]
    applied: tuple[Applied, ...] = ()


Story = Iterator[Fact]
"""The facts of one entity: each is told when the one before was accepted."""


def _one(topic: str, organisation: str, name: str, of: str) -> Expected:
    return Expected(Effect(topic, organisation, name, of))


def _started(organisation: str, posted: datetime, within: Mapping[str, timedelta]) -> Expected:
    due = posted + within[organisation]
    return _one("sla", organisation, "sla-started", f"{instant(posted.isoformat())} {instant(due.isoformat())}")


@dataclass(slots=True)
class Staff:
    """Who works there and may leave: everybody once. Their ids have a mark that no others have."""

    number: int
    mark: str = field(default_factory=lambda: uuid7()[-6:])
    _left: Iterator[int] = field(default_factory=itertools.count)

    def tables(self, organisation: str) -> dict[str, str]:
        """The register: everybody has a manager, an account and two grants."""
        people = [f"hr-{self.mark}-{n:05},hr-boss,1,2020-01-06," for n in range(self.number)]
        accounts = [f"a-{self.mark}-{n:05},hr-{self.mark}-{n:05},facebook,work" for n in range(self.number)]
        grants = [
            f"g-{self.mark}-{n:05}-{m},a-{self.mark}-{n:05},page-{m},editor"
            for n in range(self.number)
            for m in range(GRANTS)
        ]
        sites = [f"page-{m},facebook,page,live" for m in range(GRANTS)]
        heads = "hr-boss,,1,2019-04-01,communications"
        return {
            "people": "\n".join(["person,manager,stint,starts_on,roles", heads, *people]),
            "sites": "\n".join(["site,network,kind,state", *sites]),
            "accounts": "\n".join(["account,person,network,kind", *accounts]),
            "grants": "\n".join(["grant,account,site,role", *grants]),
        }

    def next(self) -> tuple[str, list[str]] | None:
        """Who leaves next, and their grants; None when nobody is left."""
        number = next(self._left)
        if number >= self.number:
            return None
        return f"hr-{self.mark}-{number:05}", [f"g-{self.mark}-{number:05}-{m}" for m in range(GRANTS)]


@dataclass(slots=True)
class Stories:
    """Makes stories. Instants are the names of messages on the bus, so that no two are alike."""

    outside: Outside
    random: Random
    staff: dict[str, Staff]
    _last: datetime | None = None

    def some(self) -> Story:
        """A story of any kind, more often of the kinds that there is more of."""
        kinds = (self.conversation, self.deadline, self.reordered, self.leaver, self.leaver_at_the_door, self.trained,
                 self.image)  # fmt: skip
        (kind,) = self.random.choices(kinds, (5, 2, 1, 2, 2, 2, 3))
        story: Story = kind(self.random.choice(ORGANISATIONS))
        return story

    def _instant(self, ago: timedelta = timedelta()) -> datetime:
        now = self.outside.now()
        if self._last is not None and now <= self._last:
            now = self._last + timedelta(microseconds=1)
        self._last = now
        return now - ago

    # The social inbox

    def conversation(self, organisation: str) -> Story:
        """A customer writes and is answered, up to three times."""
        thread = f"thread-{uuid7()}"
        for number in range(self.random.randint(1, 3)):
            posted = self._instant()
            yield self._wrote(organisation, thread, f"m{number}", posted, _started(organisation, posted, ANSWER_WITHIN))
            answered = self._instant()
            of = f"{instant(posted.isoformat())} {instant(answered.isoformat())}"
            yield self._answered(organisation, thread, f"r{number}", answered, _one("sla", organisation, "sla-met", of))

    def deadline(self, organisation: str) -> Story:
        """A message that nobody answers, and that is due in some seconds."""
        ago = DUE_AFTER[organisation] - timedelta(seconds=self.random.uniform(*SOON_S))
        posted = self._instant(ago)
        since, due = instant(posted.isoformat()), posted + DUE_AFTER[organisation]
        warnings = [
            Expected(
                Effect("sla", organisation, "sla-warning", f"{since} {instant((posted + after).isoformat())}"), False
            )
            for after in WARNED_AFTER[organisation]
        ]
        breach = Effect("sla", organisation, "sla-breach", f"{since} {instant(due.isoformat())}")
        yield self._wrote(
            organisation,
            f"thread-{uuid7()}",
            "m",
            posted,
            _started(organisation, posted, DUE_AFTER),
            *warnings,
            Expected(breach, not_before=self.outside.machine(due)),
        )

    def reordered(self, organisation: str) -> Story:
        """An answer that is delivered before the message that it answers."""
        thread, posted, answered = f"thread-{uuid7()}", self._instant(), self._instant()
        yield self._answered(organisation, thread, "r", answered)
        since = instant(posted.isoformat())
        yield self._wrote(
            organisation,
            thread,
            "m",
            posted,
            _started(organisation, posted, ANSWER_WITHIN),
            _one("sla", organisation, "sla-met", f"{since} {instant(answered.isoformat())}"),
        )

    def _wrote(self, organisation: str, thread: str, name: str, posted: datetime, *further: Expected) -> Fact:
        message = f"{thread}-{name}"
        data = {
            "message": message, "network": "facebook", "text": COMPLAINT, "author": {"id": f"{thread}-customer"},
        }  # fmt: skip
        received = _one("messages", organisation, "message-received", instant(posted.isoformat()))
        attempt = self._delivery(organisation, "message.received", thread, posted, data)
        return Fact(message, thread, (received, *further), attempt)

    def _answered(self, organisation: str, thread: str, name: str, posted: datetime, *further: Expected) -> Fact:
        reply = f"{thread}-{name}"
        replied = _one("messages", organisation, "message-replied", instant(posted.isoformat()))
        attempt = self._delivery(organisation, "message.replied", thread, posted, {"reply": reply})
        return Fact(reply, thread, (replied, *further), attempt)

    def _delivery(
        self, organisation: str, kind: str, thread: str, posted: datetime, data: dict[str, Any]
    ) -> Callable[[], Awaitable[Said]]:
        common = {"conversation": thread, "site": "page-0", "visibility": "public", "posted_at": posted.isoformat()}
        said = {"type": kind, "timestamp": self.outside.now().isoformat(), "data": common | data}
        return partial(self.outside.deliver, organisation, json.dumps(said).encode(), uuid7())

    def misread(self, organisation: str) -> Story:
        """A signed delivery that no worker can read: accepted, and set aside."""
        delivery = f"poison-{uuid7()}"
        aside = Applied("intake: set aside", organisation, f"{organisation}-inbox", delivery)
        attempt = partial(self.outside.deliver, organisation, b'{"type": 1}', delivery)
        yield Fact(delivery, delivery, (), attempt, (aside,))

    # HR

    def leaver(self, organisation: str) -> Story:
        """HR announces on its own topic that somebody will leave, and of every other one then that they have left.

        Of both in one batch access tells what it comes to, that they have left: so only the last of them is required.
        """
        someone = self.staff[organisation].next()
        if someone is None:
            return
        person, grants = someone
        goes, later = self.random.random() < 0.5, self.outside.now() + timedelta(days=10)
        planned = Effect("access", organisation, "leaver-planned", f"{person} {instant(later.isoformat())}")
        said = (Expected(planned, required=not goes),)
        yield self._written(organisation, "people", person, "staff-left", said, leave_at=later.isoformat())
        if goes:
            gone = self._gone(organisation, person, grants)
            yield self._written(organisation, "people", person, "staff-left", gone, immediate=True)

    def leaver_at_the_door(self, organisation: str) -> Story:
        """HR posts to the event door that somebody has left."""
        someone = self.staff[organisation].next()
        if someone is None:
            return
        person, grants = someone
        event = self._event(organisation, "hr", "staff-left", {"person": person, "immediate": True})
        told = _one("people", organisation, "staff-left", event["id"])
        attempt = partial(self.outside.publish, organisation, [event])
        yield Fact(event["id"], person, (told, *self._gone(organisation, person, grants)), attempt)

    def trained(self, organisation: str, most: int = 3) -> Story:
        """HR posts a batch of what nobody here acts on."""
        data = {"person": "hr-boss", "course": "first-aid", "completed_on": "2026-03-20"}
        events = [
            self._event(organisation, "hr", "training-completed", data) for _ in range(self.random.randint(1, most))
        ]
        told = tuple(_one("people", organisation, "training-completed", event["id"]) for event in events)
        yield Fact(events[0]["id"], events[0]["id"], told, partial(self.outside.publish, organisation, events))

    def _gone(self, organisation: str, person: str, grants: list[str]) -> tuple[Expected, ...]:
        revoked = [_one("access", organisation, "revoke-access", grant) for grant in grants]
        return (*revoked, _one("access", organisation, "leaver-processed", person))

    # The image library

    def image(self, organisation: str) -> Story:
        """A picture of a tenant who has signed nothing, and then another crop of it."""
        image = f"img-{uuid7()}"
        for name in ("image-uploaded", "image-edited")[: self.random.randint(1, 2)]:
            content = f"sha256:{hashlib.sha256(f'{image} {name}'.encode()).hexdigest()}"
            missing = _one("consent", organisation, "consent-missing", content)
            shown = {
                "content_hash": content, "uploader": "hr-boss", "at": self.outside.now().isoformat(),
                "people": [{"person": f"tenant-{image}", "kind": "tenant"}], "copyright": {"basis": "owned"},
                "uses": [{"use": f"use-{image}", "channel": "internal", "purpose": "news"}],
            }  # fmt: skip
            yield self._written(organisation, "images", image, name, (missing,), **shown)

    def poison(self, organisation: str) -> Story:
        """HR or the image library writes what is no event: a dead letter of each group that reads it."""
        table, groups = self.random.choice((("people", ("access", "consent")), ("images", ("consent",))))
        marker, topic = f"poison {uuid7()}", f"{PREFIX}in.{organisation}.{table}"
        dead = tuple(_one(f"{topic}.houserules-{group}.dlt", organisation, "dead-letter", marker) for group in groups)
        headers = [("content-type", b"application/json")]
        yield Fact(marker, marker, dead, partial(self.outside.write, topic, marker, headers, marker.encode()))

    # Events

    def _event(self, organisation: str, system: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "specversion": "1.0", "id": f"{system}-{uuid7()}", "source": f"/{organisation}/{system}",
            "type": f"houserules.{name}.v1", "time": self._instant().isoformat(), "data": data,
        }  # fmt: skip

    def _written(
        self, organisation: str, table: str, key: str, name: str, expected: tuple[Expected, ...], **data: Any
    ) -> Fact:
        """An event on the organisation's own topic."""
        system, of = ("hr", "person") if table == "people" else ("dam", "image")
        event = self._event(organisation, system, name, {of: key} | data)
        headers = [
            (f"ce_{attribute}", str(event[attribute]).encode())
            for attribute in ("specversion", "id", "source", "type", "time")
        ]
        headers.append(("content-type", b"application/json"))
        readers = ("access", "consent") if table == "people" else ("consent",)
        applied = tuple(Applied(reader, organisation, event["source"], event["id"]) for reader in readers)
        topic = f"{PREFIX}in.{organisation}.{table}"
        attempt = partial(self.outside.write, topic, key, headers, json.dumps(event["data"]).encode())
        return Fact(event["id"], key, expected, attempt, applied)
