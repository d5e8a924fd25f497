"""Give, refuse, withdraw, run out, leave, stay, edit, publish, in any order: nothing is permitted without a basis in force.

The machine drives handlers, jobs and doors on a real PostgreSQL. Its own reading of the policy is written for one person
and one use at a time, from a plain list of what happened; it shares no code with the service.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.consent.gallery import NOW, PDF, Gallery, open_gallery
from tests.servers import FreshDatabases

LONDON = ZoneInfo("Europe/London")
TABLES = (
    "subjects", "facts", "consents", "withdrawals", "images", "versions", "placements", "shown", "recheck", "decisions",
    "takedowns", "outbox", "audit", "idempotency",
)  # fmt: skip
PEOPLE = ("p1", "p2")
USES = {"web": "website", "in": "internal"}
CHANNELS = st.sampled_from([("website",), ("website", "internal"), ("internal",), ("press",)])
People = st.sampled_from(PEOPLE)
Revisions = st.sampled_from([None, None, 1, 2, 3])
Faces = st.sampled_from([None, None, 2, 3, 3])
Result = TypeVar("Result")


@dataclass
class Said:
    """A record as the machine remembers it."""

    id: str
    person: str
    outcome: str
    day: date
    channels: tuple[str, ...] | None
    signed: bool = True
    purposes: tuple[str, ...] = ()
    ends: datetime | None = None
    taken_back: list[tuple[date, tuple[str, ...]]] = field(default_factory=list)

    def about(self, channel: str) -> bool:
        return self.channels is None or channel in self.channels


@dataclass
class History:
    """What happened, and what it permits."""

    landlord: str
    said: list[Said] = field(default_factory=list)
    stints: dict[str, list[list[Any]]] = field(default_factory=lambda: {person: [] for person in PEOPLE})
    """Of each stint: when it begins, when it ends, the newest revision that was said of its end."""
    live: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """The content of each live use, and since when."""

    def staff_at(self, person: str, at: datetime) -> bool:
        return any(begins <= at and (ends is None or at < ends) for begins, ends, _ in self.stints[person])

    def leaves(self, person: str, until: datetime | None, revision: int | None) -> None:
        """Said of the last stint, after all that was said of it; an older revision than one before changes nothing."""
        stint = self.stints[person][-1]
        if revision is None or stint[2] is None or revision >= stint[2]:
            stint[1], stint[2] = until, stint[2] if revision is None else revision

    def basis(self, person: str, use: str, content: str, now: datetime) -> bool:
        """Whether something in force at this instant permits it."""
        channel = USES[use]
        noes = [
            one.day for one in self.said if one.person == person and one.outcome == "refused" and one.about(channel)
        ]
        noes += [
            day for one in self.said if one.person == person for day, channels in one.taken_back if channel in channels
        ]
        last_no = max(noes, default=date.min)
        since, shown = self.live.get(use, (None, None))
        staff = self.staff_at(person, now) or (since is not None and shown == content and self.staff_at(person, since))
        asked = [
            one
            for one in self.said
            if one.person == person and one.outcome == "given" and one.about(channel) and one.day > last_no
        ]
        if staff and channel == "internal":
            return not noes or bool(asked)
        return any(self._permits(one, staff, channel, now) for one in asked)

    def _permits(self, one: Said, staff: bool, channel: str, now: datetime) -> bool:
        if any(channel in channels for _, channels in one.taken_back) or one.ends is None or now >= one.ends:
            return False
        if staff:
            return one.purposes == ("news",)
        return (one.signed or self.landlord == "wheatley") and one.purposes in ((), ("news",))


def three_years_on(day: date) -> datetime:
    """Local midnight of the same day."""
    try:
        end = day.replace(year=day.year + 3)
    except ValueError:
        end = date(day.year + 3, 3, 1)
    return datetime(end.year, end.month, end.day, tzinfo=LONDON).astimezone(UTC)


class AnyHistory(RuleBasedStateMachine):
    """One image of two people, for the website and inside."""

    def __init__(self, gallery: Gallery, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.gallery = gallery
        self.loop = loop

    def do(self, act: Awaitable[Result]) -> Result:
        return self.loop.run_until_complete(_whatever(act))

    @initialize(landlord=st.sampled_from(["westward", "wheatley"]))
    def begin(self, landlord: str) -> None:
        self.now = NOW
        self.history = History(landlord)
        self.contents = 0
        self.stints = 0
        self.faces: int | None = 3
        self.names: dict[str, str] = {}
        self.gallery.clock(NOW)
        self.do(self.gallery.rows.execute(";".join(f"delete from {table}" for table in TABLES)))
        self.describe("image-uploaded")

    @property
    def content(self) -> str:
        return f"sha256:{self.contents:02x}"

    @property
    def today(self) -> date:
        return self.now.astimezone(LONDON).date()

    def hear(self, name: str, **data: Any) -> None:
        self.do(self.gallery.hear(self.gallery.event(name, self.history.landlord, **data)))

    def describe(self, name: str) -> None:
        self.hear(
            name,
            image="i1",
            content_hash=self.content,
            uploader="u1",
            at=self.now,
            people=[{"person": person, "kind": "tenant"} for person in PEOPLE],
            uses=[{"use": use, "channel": channel, "purpose": "news"} for use, channel in USES.items()],
            copyright={"basis": "owned"},
            face_count=self.faces,
        )

    def record(self, **changes: Any) -> str:
        return self.do(self.gallery.consent(organisation=self.history.landlord, **changes))

    @rule(
        person=People,
        channels=CHANNELS,
        signed=st.booleans(),
        purposes=st.sampled_from([("news",), (), ("other",)]),
        days=st.sampled_from([0, 0, 0, 1, 30, 1094, 1095, 1096]),
    )
    def give(self, person: str, channels: tuple[str, ...], signed: bool, purposes: tuple[str, ...], days: int) -> None:
        day = self.today - timedelta(days=days)
        id = self.record(
            person=person,
            method="signed" if signed else "verbal",
            signed=None,
            taken_by="c1",
            form=PDF if signed else None,
            channels=channels,
            purposes=purposes,
            taken_on=day.isoformat(),
        )
        said = Said(id, person, "given", day, channels, signed, purposes, three_years_on(day))
        self.history.said.append(said)

    @rule(person=People, channels=CHANNELS | st.none(), days=st.sampled_from([0, 0, 1, 40]))
    def refuse(self, person: str, channels: tuple[str, ...] | None, days: int) -> None:
        day = self.today - timedelta(days=days)
        shape = {"method": None, "signed": None, "form": None, "purposes": None}
        id = self.record(person=person, outcome="refused", channels=channels, taken_on=day.isoformat(), **shape)
        self.history.said.append(Said(id, person, "refused", day, channels))

    @rule(person=People)
    def refuse_and_give_on_one_day(self, person: str) -> None:
        self.refuse(person, ("website",), 0)
        self.give(person, ("website", "internal"), True, ("news",), 0)

    def consents(self) -> list[Said]:
        return [one for one in self.history.said if one.outcome == "given" and one.channels is not None]

    @precondition(lambda self: self.consents())
    @rule(which=st.integers(0, 99), channels=CHANNELS | st.none())
    def withdraw(self, which: int, channels: tuple[str, ...] | None) -> None:
        known = self.consents()
        said = known[which % len(known)]
        body = {"channels": channels} if channels else None
        answer = self.do(self.gallery.post(f"/consents/{said.id}/withdraw", body, self.history.landlord))
        if answer.status_code == 409:
            assert set(said.channels or ()) <= {each for _, taken in said.taken_back for each in taken}
            return
        assert answer.status_code == 200, answer.text
        said.taken_back.append((self.today, channels or said.channels or ()))

    @rule(person=People)
    def join(self, person: str) -> None:
        self.stints += 1
        name = "staff-rehired" if self.history.stints[person] else "staff-joined"
        self.hear(name, person=person, stint=f"s{self.stints}", starts_on=self.today.isoformat())
        begins = datetime(self.today.year, self.today.month, self.today.day, tzinfo=LONDON).astimezone(UTC)
        self.history.stints[person].append([begins, None, None])
        self.names[person] = f"s{self.stints}"

    @precondition(lambda self: any(self.history.stints.values()))
    @rule(
        person=People,
        days=st.sampled_from([1, 20, 0, -1]),
        how=st.sampled_from(["at", "on", "at once"]),
        revision=Revisions,
    )
    def leave(self, person: str, days: int, how: str, revision: int | None) -> None:
        stints = self.history.stints[person]
        if not stints:
            return
        self.time_passes(hours=1)
        last_day = self.today + timedelta(days=days)
        after = last_day + timedelta(days=1)
        over = datetime(after.year, after.month, after.day, tzinfo=LONDON).astimezone(UTC)
        said: dict[str, Any] = {"leave_on": last_day.isoformat()}
        if how == "at":
            said, over = {"leave_at": self.now + timedelta(days=days)}, self.now + timedelta(days=days)
        if how == "at once":
            said, over = said | {"immediate": True}, min(over, self.now)
        name = "staff-left" if how == "at once" or stints[-1][1] is None else "leave-date-changed"
        self.hear(name, person=person, stint=self.names[person], revision=revision, **said)
        self.history.leaves(person, over, revision)

    @precondition(lambda self: any(self.history.stints.values()))
    @rule(person=People, revision=Revisions)
    def stay(self, person: str, revision: int | None) -> None:
        if self.history.stints[person]:
            self.time_passes(hours=1)
            self.hear("leave-cancelled", person=person, stint=self.names[person], revision=revision)
            self.history.leaves(person, None, revision)

    @precondition(lambda self: any(self.history.stints.values()))
    @rule(person=People, revision=st.sampled_from([None, 1, 3]))
    def leave_and_think_again(self, person: str, revision: int | None) -> None:
        if self.history.stints[person]:
            self.leave(person, 0, "at once", 2)
            self.stay(person, revision)

    @rule(hours=st.sampled_from([1, 14, 24, 24 * 30, 24 * 365, 24 * 1095]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.gallery.clock(self.now)

    @rule(faces=Faces)
    def edit(self, faces: int | None) -> None:
        self.contents += 1
        self.faces = faces
        self.describe("image-edited")

    @rule(faces=Faces)
    def say_who(self, faces: int | None) -> None:
        body = {"people": [{"person": person, "kind": "tenant"} for person in PEOPLE], "face_count": faces}
        assert self.do(self.gallery.post("/images/i1/people", body, self.history.landlord)).status_code == 200
        self.faces = self.faces if faces is None else faces

    @rule(use=st.sampled_from(list(USES)))
    def publish(self, use: str) -> None:
        data = {"image": "i1", "content_hash": self.content, "use": use, "channel": USES[use], "purpose": "news"}
        self.hear("image-published", **data, at=self.now)
        since, shown = self.history.live.get(use, (self.now, self.content))
        self.history.live[use] = (since if shown == self.content else self.now, self.content)

    @precondition(lambda self: self.history.live)
    @rule()
    def remove(self) -> None:
        use, _ = self.history.live.popitem()
        self.hear("image-removed", image="i1", use=use, at=self.now)
        self.describe("image-edited")

    @invariant()
    def nothing_is_permitted_without_a_basis(self) -> None:
        """And with one it is; what was told is what holds; what is live without one has to go."""
        self.do(self.gallery.settle())
        findings = self.do(self.gallery.get("/images/i1/decision", self.history.landlord))["findings"]
        for use in USES:
            against = {one["person"] for one in findings if one["person"] is not None and one["use"] == use}
            with_basis = {one for one in PEOPLE if self.history.basis(one, use, self.content, self.now)}
            assert against == set(PEOPLE) - with_basis, (use, self.now, findings)
        assert any(one["code"] == "face-count" for one in findings) == ((self.faces or 0) > len(PEOPLE))
        rows = self.gallery.rows.fetchval("select told from versions where content_hash = $1", self.content)
        told = msgspec.json.decode(self.do(rows))
        assert [(one.get("person"), one["use"], one["code"]) for one in told] == [
            (one["person"], one["use"], one["code"]) for one in findings
        ]
        self._what_has_to_go()

    def _what_has_to_go(self) -> None:
        rows = self.do(self.gallery.rows.fetch("select use, content_hash from takedowns where state = 'requested'"))
        going = {(row["use"], row["content_hash"]) for row in rows}
        for use, (_, content) in self.history.live.items():
            blocked = USES[use] == "website" and not all(
                self.history.basis(person, use, content, self.now) for person in PEOPLE
            )
            assert not blocked or (use, content) in going

    def teardown(self) -> None:
        """The last of each content that went out on the bus is what is kept as told."""
        last: dict[str, Any] = {}
        for event in self.do(self.gallery.told("consent-missing", "consent-satisfied")):
            data: Any = event.data
            last[data.content_hash] = getattr(data, "findings", ())
        for row in self.do(self.gallery.rows.fetch("select content_hash, told from versions")):
            findings = msgspec.json.decode(row["told"])
            assert [one["code"] for one in findings] == [one.code for one in last[row["content_hash"]]]


async def _whatever(act: Awaitable[Result]) -> Result:
    return await act


@contextmanager
def opened(postgres: FreshDatabases, folder: Path) -> Iterator[tuple[Gallery, asyncio.AbstractEventLoop]]:
    """A gallery on a loop of its own: hypothesis calls, it does not await."""
    loop = asyncio.new_event_loop()
    context = open_gallery(postgres.create("consent", migrated=True), folder)
    gallery = loop.run_until_complete(context.__aenter__())
    try:
        yield gallery, loop
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        pytest.param(20, 12, id="20 histories"),
        pytest.param(600, 30, id="600 long histories", marks=pytest.mark.long),
    ],
)
def test_any_history(postgres: FreshDatabases, tmp_path: Path, examples: int, steps: int) -> None:
    with opened(postgres, tmp_path) as (gallery, loop):
        run_state_machine_as_test(
            partial(AnyHistory, gallery, loop),  # type: ignore[arg-type] # anything that makes one will do
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
