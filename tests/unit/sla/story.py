"""Given, when, then for one conversation: speaks events, knows weekdays.

The week begins on Monday 9 March 2026, in which nothing is out of the ordinary: `Fri 16:30` is of it, `next Mon 12:30`
of the week after, and `2026-12-23 15:00` any other day; `24:00` ends a day, seconds may follow. All are London time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from services.sla.domain import BLOCKS, FACTS, Fact, History, Standing, refold
from shared.contracts import Data, Event, contract_of
from shared.contracts import messages as said
from shared.policy import Packs

WEEK = date(2026, 3, 9)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONDON = ZoneInfo("Europe/London")


def at(text: str) -> datetime:
    """An instant, in UTC."""
    *week, day, clock = text.split()
    if day in DAYS:
        on = WEEK + timedelta(days=DAYS.index(day) + 7 * len(week))
    else:
        on = date.fromisoformat(day)
    if clock == "24:00":
        on, clock = on + timedelta(days=1), "00:00"
    return datetime.combine(on, time.fromisoformat(clock), LONDON).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """An event of the conversation that is yet to be heard."""

    data: Any
    id: str
    source: str = "/houserules/intake"

    @property
    def name(self) -> str:
        """The event's name."""
        return contract_of(type(self.data)).name

    @property
    def at(self) -> datetime:
        """When it happened."""
        for name in ("edited_at", "at", "posted_at"):
            if hasattr(self.data, name):
                instant: datetime = getattr(self.data, name)
                return instant
        raise AssertionError(self.name)


def _said(data: Data, id: str | None, *parts: object) -> Said:
    return Said(data, id or "-".join([contract_of(type(data)).name, *(str(part) for part in parts)]))


def _when(given: str | datetime) -> datetime:
    return at(given) if isinstance(given, str) else given


def message_received(
    message: str = "m1",
    *,
    at: str | datetime,
    kind: str = "query",
    flags: Sequence[str] | None = None,
    visibility: str = "public",
    author: str | None = "ann",
    site: str = "page",
    id: str | None = None,
    edited: str | datetime | None = None,
) -> Said:
    """A customer wrote."""
    posted_at = _when(at)
    fields: dict[str, Any] = {
        "conversation": "c1",
        "message": message,
        "site": site,
        "network": "facebook",
        "visibility": visibility,
        "posted_at": posted_at,
        "received_at": posted_at,
        "time_basis": "platform",
        "kind": kind,
        "flags": None if flags is None else tuple(flags),
        "author": author,
    }
    if edited is None:
        return _said(said.MessageReceived(**fields), id, message)
    return _said(said.MessageEdited(**fields, edited_at=_when(edited)), id, message, edited)


def message_edited(message: str = "m1", *, edited: str | datetime, **fields: Any) -> Said:
    """A customer changed a message."""
    return message_received(message, edited=edited, **fields)


def message_classified(
    message: str = "m1",
    *,
    at: str | datetime,
    kind: str,
    by: str = "rule",
    flags: Sequence[str] | None = None,
    id: str | None = None,
) -> Said:
    """A message's kind was decided."""
    fields: dict[str, Any] = {"kind": kind, "by": by, "flags": None if flags is None else tuple(flags)}
    data = said.MessageClassified(conversation="c1", message=message, at=_when(at), **fields)
    return _said(data, id, message, at)


def message_deleted(message: str = "m1", *, at: str | datetime, id: str | None = None) -> Said:
    """Its author took a message back."""
    return _said(said.MessageDeleted(conversation="c1", message=message, at=_when(at)), id, message, at)


def message_replied(
    reply: str = "r1",
    *,
    at: str | datetime,
    visibility: str = "public",
    automatic: bool = False,
    account: str | None = None,
    holding: bool | None = None,
    id: str | None = None,
) -> Said:
    """The landlord wrote."""
    data = said.MessageReplied(
        conversation="c1",
        reply=reply,
        site="page",
        visibility=visibility,  # type: ignore[arg-type] # a code
        posted_at=_when(at),
        automatic=automatic,
        account=account,
        holding=holding,
    )
    return _said(data, id, reply)


def message_moderated(
    action: str, message: str = "m1", *, at: str | datetime, reason: str = "offensive", id: str | None = None
) -> Said:
    """A message was hidden, removed or restored."""
    codes: dict[str, Any] = {"action": action, "reason": reason}
    data = said.MessageModerated(conversation="c1", message=message, at=_when(at), **codes)
    return _said(data, id, message, action, at)


def conversation_waived(*, at: str | datetime, reason: str = "not-appropriate", id: str | None = None) -> Said:
    """Somebody judged that no answer is due."""
    data = said.ConversationWaived(
        conversation="c1",
        at=_when(at),
        actor="p1",
        reason=reason,  # type: ignore[arg-type] # a code
    )
    return _said(data, id, at)


def conversation_reassigned(owner: str, *, at: str | datetime) -> Said:
    """Another owner follows it up."""
    return _said(said.ConversationReassigned(conversation="c1", owner=owner, at=_when(at)), None, owner, at)


def staff_acted(shape: type[said.StaffAct], *, at: str | datetime, message: str | None = None) -> Said:
    """Resolved, moved to private, told, notice posted or removal explained."""
    return _said(shape(conversation="c1", at=_when(at), message=message), None, at)


def complaint_referred(message: str = "m1", *, at: str | datetime) -> Said:
    """A complaint was handed to the complaints process."""
    return _said(said.ComplaintReferred(conversation="c1", message=message, reference="CMP-7", at=_when(at)), None, at)


def author_blocked(author: str = "ann", *, at: str | datetime, site: str = "page", id: str | None = None) -> Said:
    """An author was blocked at a site."""
    data = said.AuthorBlocked(author=author, site=site, at=_when(at), actor="p1", reason="persistent")
    return _said(data, id, author, site, at)


def author_unblocked(author: str = "ann", *, at: str | datetime, site: str = "page", id: str | None = None) -> Said:
    """An author may write again."""
    data = said.AuthorUnblocked(author=author, site=site, at=_when(at), actor="p1", reason="appeal")
    return _said(data, id, author, site, at)


@dataclass(slots=True)
class Story:
    """One conversation of one landlord, and everything that was told of it."""

    packs: Packs
    organisation: str
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    facts: dict[tuple[str, str], Fact] = field(default_factory=dict)
    blocks: dict[tuple[str, str], Fact] = field(default_factory=dict)
    targets: dict[str, Standing] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    checked: int = 0
    state: str = "answered"
    next_at: datetime | None = None
    _ids: "count[int]" = field(default_factory=lambda: count(1))

    def given(self, *heard: Said) -> None:
        """Each event is heard in this order, at its own time or, if that is past, now."""
        for one in heard:
            self.hear(one, max(self.now, one.at))

    def hear(self, one: Said, now: datetime) -> None:
        """An event is heard at `now`."""
        data = one.data
        key = str(getattr(data, "conversation", None) or getattr(data, "author", ""))
        event = Event(
            id=one.id, source=one.source, name=one.name, organisation=self.organisation, key=key, time=one.at, data=data
        )
        if one.name in FACTS:
            self.facts.setdefault((one.source, one.id), FACTS[one.name](event, data))
        else:
            self.blocks.setdefault((one.source, one.id), BLOCKS[one.name](event, data))
        self.look(now)

    def when(self, clock: str) -> None:
        """The clock runs to then; the timer looks whenever it has something to look at."""
        until = at(clock)
        while self.next_at is not None and self.next_at <= until:
            self.look(max(self.now, self.next_at))
        self.now = max(self.now, until)

    def after_downtime(self, clock: str) -> None:
        """Nobody looks until then."""
        self.look(at(clock))

    def look(self, now: datetime) -> None:
        """Fold and tell, as a handler or the timer does."""
        self.now = now
        authors = {fact.author for fact in self.facts.values()}
        blocks = tuple(block for block in self.blocks.values() if block.author in authors)
        history = History(self.organisation, "c1", tuple(self.facts.values()), blocks)
        known = {(self.organisation, "c1"): self.targets}
        changes = refold([history], known, self.packs, now, lambda: f"e{next(self._ids)}")
        self.told.extend(changes.events)
        self.targets.update({row.standing.id: row.standing for row in changes.targets})
        self.state, self.next_at = changes.conversations[0].state, changes.conversations[0].next_at

    def then(self, *expected: "Expected") -> None:
        """Exactly this was told since the last `then`, in this order."""
        told = self.told[self.checked :]
        self.checked = len(self.told)
        shown = [Expected(event.name, {"mode": event.mode} | _fields(event)) for event in told]
        assert [one.name for one in shown] == [one.name for one in expected], shown
        for one, wanted in zip(shown, expected, strict=True):
            assert {name: one.fields.get(name) for name in wanted.fields} == wanted.fields, one.name

    def target(self, message: str = "m1") -> Standing:
        """The target of a message as it now stands."""
        (found,) = [target for target in self.targets.values() if target.message == message]
        return found


def _fields(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(event.data, name) for name in event.data.__struct_fields__}
    return fields | {"clauses": event.clauses, "causation_id": event.causation_id, "time": event.time}


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that should have been told, with the fields that matter here."""

    name: str
    fields: dict[str, Any]


RENAMED = {"due": "due_at", "started": "started_at", "settled": "settled_at", "noticed": "noticed_at"}


def _expected(name: str, given: dict[str, Any]) -> Expected:
    fields: dict[str, Any] = {}
    for field_name, value in given.items():
        instant = isinstance(value, str) and (field_name in RENAMED or field_name in ("at", "previous_due_at"))
        fields[RENAMED.get(field_name, field_name)] = at(value) if instant else value
    if "warn_at" in fields:
        fields["warn_at"] = tuple(at(text) for text in fields["warn_at"])
    return Expected(name, fields)


def sla_started(**fields: Any) -> Expected:
    """A clock runs."""
    return _expected("sla-started", fields)


def sla_warning(**fields: Any) -> Expected:
    """A deadline is near."""
    return _expected("sla-warning", fields)


def sla_breach(**fields: Any) -> Expected:
    """A deadline passed."""
    return _expected("sla-breach", fields)


def sla_met(**fields: Any) -> Expected:
    """Settled in time."""
    return _expected("sla-met", fields)


def sla_late_answer(**fields: Any) -> Expected:
    """Settled after the breach."""
    return _expected("sla-late-answer", fields)


def sla_breach_retracted(**fields: Any) -> Expected:
    """There was no breach."""
    return _expected("sla-breach-retracted", fields)


def sla_exempted(**fields: Any) -> Expected:
    """Not owed."""
    return _expected("sla-exempted", fields)


def sla_waived(**fields: Any) -> Expected:
    """No answer is due."""
    return _expected("sla-waived", fields)


def sla_voided(**fields: Any) -> Expected:
    """The message is gone."""
    return _expected("sla-voided", fields)


def sla_withdrawn(**fields: Any) -> Expected:
    """No rule asks for it any more."""
    return _expected("sla-withdrawn", fields)


def sla_recalculated(**fields: Any) -> Expected:
    """The deadline moved."""
    return _expected("sla-recalculated", fields)
