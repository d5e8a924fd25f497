"""The fold: the facts of one conversation, in the order of their times, come to its cycles and targets.

A cycle opens with the oldest unanswered customer message to which a `response` rule applies and closes with the first
thing that settles it. Nothing here reads a clock: what a fact means does not depend on when it was heard.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from services.sla.domain.facts import Fact, History, Step, timeline
from services.sla.domain.target import Closing, Derived, How, Target, target_id
from shared.policy import Pack, Packs, Rule

__all__ = ["derive"]

RESPONSE = "response"


def derive(history: History, packs: Packs) -> Derived:
    """The targets that the facts come to, each under the policy version in force at its start."""
    fold = _Fold(history, packs)
    for step in timeline(history.facts, history.blocks):
        apply = _customer_wrote if step.opens else EFFECTS.get(step.fact.name)
        if apply is not None:
            apply(fold, step)
            fold.open_cycle(step)
    return fold.outcome()


class _Message(Struct, kw_only=True, gc=False):
    """A customer's message, as it stands at one point of the fold.

    `since` is when it counts as received, `turn` its place among those that were: of one instant the first is older.
    """

    id: str
    fact: Fact
    since: datetime
    turn: int
    kind: str
    flags: tuple[str, ...]
    rule: Rule | None
    site: str
    judged_by_person: bool = False
    hidden: bool = False
    deleted: bool = False

    def before(self, other: "_Message") -> bool:
        """It is the older one."""
        return self.since < other.since or (self.since == other.since and self.turn < other.turn)


class _Fold:
    """The state of the fold. `waiting` holds the messages that nothing has settled yet, `running` the open targets."""

    __slots__ = (
        "blocked", "conversation", "cycle", "in_cycle", "messages", "organisation", "owner", "packs", "rest",
        "running", "targets", "turns", "waiting",
    )  # fmt: skip

    def __init__(self, history: History, packs: Packs) -> None:
        self.organisation = history.organisation
        self.conversation = history.conversation
        self.packs = packs
        self.messages: dict[str, _Message] = {}
        self.waiting: dict[str, _Message] = {}
        self.blocked: dict[tuple[str | None, str | None], Fact] = {}
        self.targets: dict[str, Target] = {}
        self.running: dict[str, Target] = {}
        self.owner: str | None = None
        self.cycle = 0
        self.turns = 0
        self.in_cycle = False
        self.rest: Literal["answered", "monitoring", "resolved"] = "answered"

    def pack(self, at: datetime) -> Pack:
        """The policy version in force at an instant."""
        return self.packs.at(self.organisation, at)

    def rule(self, message: _Message) -> Rule | None:
        """The `response` rule that applies to a message as it is now classed."""
        visibility = message.fact.visibility or "public"
        return self.pack(message.since).target_rule(RESPONSE, message.kind, message.flags, visibility, message.since)

    def open_targets(self, message: str | None = None) -> list[Target]:
        """What is still open, of one message or of all."""
        return [target for target in self.running.values() if message in (None, target.message)]

    def response(self) -> Target | None:
        """The open cycle's `response` target."""
        for target in self.running.values():
            if target.kind == RESPONSE:
                return target
        return None

    def put(self, target: Target) -> None:
        """Keep a target as it now is."""
        self.targets[target.id] = target
        if target.closing is None:
            self.running[target.id] = target
        else:
            del self.running[target.id]

    def receive(self, message: _Message, step: Step) -> None:
        """A message counts as received at this step. A blocked author's is exempt from the start."""
        self.turns += 1
        message.turn = self.turns
        message.rule = self.rule(message)
        self.waiting[message.id] = message
        block = self.blocked.get((message.fact.author, message.site))
        if block is not None:
            self.open_cycle(step)
            self.exempt(message, step.at, "author-blocked", block.id)

    def open_cycle(self, step: Step) -> None:
        """Let the oldest waiting message with a rule open the cycle; one that another had opened gives way to it."""
        oldest: _Message | None = None
        for message in self.waiting.values():
            if message.rule is not None and (oldest is None or message.before(oldest)):
                oldest = message
        current = self.response()
        if oldest is None:
            self.in_cycle = current is not None
            return
        if current is not None:
            if current.message == oldest.id:
                return
            self.close(current, "withdrawn", step.at, step.fact.id, "opened-earlier")
        if not self.in_cycle:
            self.cycle += 1
        self.in_cycle = True
        self.rest = "answered"
        assert oldest.rule is not None
        self.open(oldest.rule, oldest, step)

    def open(self, rule: Rule, message: _Message, step: Step) -> None:
        """Start a target, or start it again under the same id when its message is owed the same once more."""
        key = target_id(self.organisation, self.conversation, rule.kind, message.id, message.since)
        earlier = self.targets.pop(key, None)
        pack = self.pack(message.since)
        due_at, warn_at = rule.deadline(message.since)
        target = Target(
            id=key,
            kind=rule.kind,
            message=message.id,
            message_kind=message.kind,
            site=message.site,
            cycle=self.cycle if earlier is None else earlier.cycle,
            started_at=message.since,
            due_at=due_at,
            warn_at=warn_at,
            policy=pack.policy,
            observe=pack.mode == "observe",
            rule=rule,
            clauses=rule.clauses,
            opened_by=step.fact.id,
            story=message.fact.story,
            owner=self.owner,
        )
        self.put(target)

    def close(
        self,
        target: Target,
        how: How,
        at: datetime,
        cause: str,
        reason: str | None = None,
        clauses: tuple[str, ...] = (),
    ) -> None:
        """Close an open target."""
        closing = Closing(how=how, at=at, cause=cause, reason=reason, clauses=clauses)
        self.put(replace(target, closing=closing))

    def exempt(self, message: _Message, at: datetime, reason: str, cause: str, clauses: tuple[str, ...] = ()) -> None:
        """Nothing is owed to this message any more, but to moderate it."""
        self.waiting.pop(message.id, None)
        for target in self.open_targets(message.id):
            if target.kind != "moderate":
                self.close(target, "exempted", at, cause, reason, clauses)

    def settle_all(self, how: How, step: Step, reason: str | None = None, clauses: tuple[str, ...] = ()) -> None:
        """Every message so far is answered, or needs no answer."""
        target = self.response()
        if target is not None:
            self.close(target, how, step.at, step.fact.id, reason, clauses)
        self.waiting.clear()
        self.in_cycle = False

    def outcome(self) -> Derived:
        """What the facts come to."""
        return Derived(tuple(self.targets.values()), "open" if self.response() else self.rest)


def _customer_wrote(fold: _Fold, step: Step) -> None:
    """A message opens a cycle, or joins the open one without moving it. Clauses: westward:3.6, 7.9,
    wheatley:responding-to-customers."""
    fact = step.fact
    assert fact.message is not None
    message = _Message(
        id=fact.message,
        fact=fact,
        since=step.at,
        turn=0,
        kind=fact.kind or "unclassified",
        flags=fact.flags or (),
        rule=None,
        site=fact.site or "",
    )
    fold.messages[message.id] = message
    fold.receive(message, step)


def _customer_edited(fold: _Fold, step: Step) -> None:
    """Row 10: other words may be another kind of message."""
    message = fold.messages[step.fact.message or ""]
    if not message.judged_by_person:
        _class_as(fold, message, step, step.fact.kind or message.kind, step.fact.flags or (), "edited")


def _message_classified(fold: _Fold, step: Step) -> None:
    """Row 10. Once a person has judged a message, neither a rule nor an edit changes its kind: only a person does."""
    fact = step.fact
    message = fold.messages[fact.message or ""]
    if fact.by == "person":
        message.judged_by_person = True
    elif message.judged_by_person:
        return
    flags = message.flags if fact.flags is None else fact.flags
    _class_as(fold, message, step, fact.kind or message.kind, flags, "reclassified")


def _class_as(
    fold: _Fold,
    message: _Message,
    step: Step,
    kind: str,
    flags: tuple[str, ...],
    reason: Literal["edited", "reclassified"],
) -> None:
    """Withdraw the target if its rule applies no more; a rule that now applies counts from the original start."""
    message.kind, message.flags = kind, flags
    message.rule = fold.rule(message)
    target = next((t for t in fold.open_targets(message.id) if t.kind == RESPONSE), None)
    if target is None:
        return
    if message.rule is None:
        fold.close(target, "withdrawn", step.at, step.fact.id, reason)
        return
    due_at, warn_at = message.rule.deadline(message.since)
    changed = replace(
        target,
        message_kind=kind,
        rule=message.rule,
        clauses=message.rule.clauses,
        due_at=due_at,
        warn_at=warn_at,
    )
    fold.put(changed)


def _message_moderated(fold: _Fold, step: Step) -> None:
    """Rows 2, 3, 4 and 5. Clauses: westward:6.13, wheatley:responding-to-customers, appendix-1.9."""
    fact = step.fact
    message = fold.messages[fact.message or ""]
    if fact.action == "restored":
        if message.hidden and not message.deleted:
            message.hidden = False
            _restored(fold, message, step)
        return
    message.hidden = True
    moderation = fold.pack(message.since).moderation
    if fact.reason == "offensive" and fact.action in moderation.exempts_on:
        fold.exempt(message, step.at, "offensive", fact.id, moderation.clauses)


def _restored(fold: _Fold, message: _Message, step: Step) -> None:
    """Row 5: what had been settled counts as received now. What waits all along goes on from its own time, so that
    hiding and restoring a message wins nobody time."""
    if message.id not in fold.waiting:
        message.since = step.at
        fold.receive(message, step)


def _staff_replied(fold: _Fold, step: Step) -> None:
    """Row 1: an answer of staff, public or private, settles every message before it; an automatic one nothing."""
    if step.fact.automatic:
        return
    if fold.rest != "resolved":
        fold.rest = "answered"
    fold.settle_all("met", step)


def _waived(fold: _Fold, step: Step) -> None:
    """Rows 6 and 7, where the pack allows the reason. Clause: wheatley:responding-to-customers."""
    target = fold.response()
    pack = fold.pack(target.started_at if target else step.at)
    if step.fact.reason not in pack.waiver.reasons:
        return
    fold.settle_all("waived", step, step.fact.reason, pack.waiver.clauses)
    fold.rest = "monitoring" if step.fact.reason == "not-appropriate" else "answered"


def _deleted(fold: _Fold, step: Step) -> None:
    """Row 8: nothing is owed to a message that its author took back."""
    message = fold.messages[step.fact.message or ""]
    message.deleted = True
    fold.waiting.pop(message.id, None)
    for target in fold.open_targets(message.id):
        fold.close(target, "voided", step.at, step.fact.id, "deleted-by-author")


def _blocked(fold: _Fold, step: Step) -> None:
    """Row 9: exempts what that author waits for at that site, and what they write there until unblocked."""
    author, site = step.fact.author, step.fact.site
    fold.blocked[author, site] = step.fact
    for message in list(fold.waiting.values()):
        if (message.fact.author, message.site) == (author, site):
            fold.exempt(message, step.at, "author-blocked", step.fact.id)


def _unblocked(fold: _Fold, step: Step) -> None:
    """Row 9: for later messages only; what was exempted stays so."""
    fold.blocked.pop((step.fact.author, step.fact.site), None)


def _reassigned(fold: _Fold, step: Step) -> None:
    """Row 16: another owner; the clock goes on. Clause: wheatley:appendix-1.4."""
    fold.owner = step.fact.owner
    for target in fold.open_targets():
        fold.put(replace(target, owner=fold.owner))


def _resolved(fold: _Fold, step: Step) -> None:
    """The case is closed; a customer who has had no answer yet is still owed one."""
    fold.rest = "resolved"


EFFECTS: Mapping[str, Callable[[_Fold, Step], None]] = MappingProxyType(
    {
        "message-edited": _customer_edited,
        "message-classified": _message_classified,
        "message-moderated": _message_moderated,
        "message-replied": _staff_replied,
        "message-deleted": _deleted,
        "conversation-waived": _waived,
        "conversation-resolved": _resolved,
        "conversation-reassigned": _reassigned,
        "author-blocked": _blocked,
        "author-unblocked": _unblocked,
    }
)
"""What each fact does to what is known before it. One that is not named here is kept in the journal, no more."""
