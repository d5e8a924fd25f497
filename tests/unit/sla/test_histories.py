"""Random histories of one conversation, shuffled and doubled, end in the verdicts of the in-order run and of the model."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts import Event
from shared.contracts import messages as said
from shared.contracts.sla import SlaStarted
from shared.policy import Packs
from tests.unit.sla import model
from tests.unit.sla.story import (
    Said,
    Story,
    at,
    author_blocked,
    author_unblocked,
    conversation_reassigned,
    conversation_waived,
    message_classified,
    message_deleted,
    message_edited,
    message_moderated,
    message_received,
    message_replied,
    staff_acted,
)

START = at("Thu 08:00")
FAR = at("next Fri 08:00") + timedelta(days=14)
MESSAGES = {"m1": "ann", "m2": "bob", "m3": "ann", "m4": None, "m5": "bob"}
KINDS = st.sampled_from(["query", "complaint", "feedback", "thanks", "offensive", "threat", "spam", "unclassified"])
FLAGS = st.sampled_from([None, (), ("negative",), ("personal-data", "negative")])
INSTANTS = st.integers(0, 6 * 24 * 4).map(lambda quarters: START + timedelta(minutes=15 * quarters))
IDS = st.uuids(version=4).map(str)


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """Up to thirty facts: some of the five messages, and whatever may befall them."""
    posted = {m: draw(INSTANTS) for m in draw(st.lists(st.sampled_from(sorted(MESSAGES)), min_size=1, unique=True))}
    told = [
        message_received(m, at=when, author=MESSAGES[m], kind=draw(KINDS), flags=draw(FLAGS), id=draw(IDS))
        for m, when in posted.items()
    ]
    for _ in range(draw(st.integers(0, 30 - len(told)))):
        told.append(draw(_fact(posted)))
    return told


@st.composite
def _fact(draw: st.DrawFn, posted: dict[str, datetime]) -> Said:
    when, event, m = draw(INSTANTS), draw(IDS), draw(st.sampled_from(sorted(MESSAGES)))
    edited = draw(st.sampled_from(sorted(posted)))
    builders = {
        "edited": lambda: message_edited(
            edited, at=posted[edited], edited=max(when, posted[edited]), author=MESSAGES[edited],
            kind=draw(KINDS), flags=draw(FLAGS), id=event,
        ),
        "classified": lambda: message_classified(
            m, at=when, kind=draw(KINDS), by=draw(st.sampled_from(["rule", "person"])), flags=draw(FLAGS), id=event
        ),
        "deleted": lambda: message_deleted(m, at=when, id=event),
        "moderated": lambda: message_moderated(
            draw(st.sampled_from(["hidden", "removed", "restored"])), m, at=when,
            reason=draw(st.sampled_from(["offensive", "inappropriate", "spam"])), id=event,
        ),
        "replied": lambda: message_replied(event, at=when, automatic=draw(st.booleans()), id=event),
        "waived": lambda: conversation_waived(
            at=when, reason=draw(st.sampled_from(["not-appropriate", "no-reply-needed"])), id=event
        ),
        "blocked": lambda: author_blocked(
            draw(st.sampled_from(["ann", "bob"])), at=when, site=draw(st.sampled_from(["page", "other"])), id=event
        ),
        "unblocked": lambda: author_unblocked(draw(st.sampled_from(["ann", "bob"])), at=when, id=event),
        "reassigned": lambda: conversation_reassigned("p7", at=when),
        "resolved": lambda: staff_acted(said.ConversationResolved, at=when),
    }  # fmt: skip
    return builders[draw(st.sampled_from([*builders, "classified", "moderated", "replied"]))]()


def net(told: list[Event]) -> dict[tuple[str, datetime], str]:
    """What a reader of the topic believes in the end, by message and start; refuses a stream that contradicts itself."""
    state: dict[str, str] = {}
    breach: dict[str, str] = {}
    revision: dict[str, int] = defaultdict(int)
    names: dict[str, tuple[str, datetime]] = {}
    for event in told:
        data: Any = event.data
        name = event.name.removeprefix("sla-")
        target = data.target
        names[target] = (data.message, data.started_at)
        assert data.revision == revision[target] + (name != "warning"), (event, told)
        revision[target] = data.revision
        now = state.get(target)
        if name == "started":
            assert now not in ("open", "breached")
            state[target] = "open"
        elif name == "warning":
            assert now == "open" and data.at <= event.time < data.due_at and data.at in _warnings(told, target)
        elif name == "breach":
            assert now == "open" and event.time > data.due_at
            assert data.settled_at is None or data.settled_at > data.due_at
            state[target], breach[target] = "breached", event.id
        elif name == "breach-retracted":
            assert now == "breached" and data.breach == breach[target]
            state[target] = "withdrawn" if data.reason == "opened-earlier" else "open"
        elif name == "late-answer":
            assert now == "breached" and data.settled_at > data.due_at
        elif now != "breached":
            assert now is not None
            state[target] = name
    assert len(set(names.values())) == len(names)
    return {names[target]: verdict for target, verdict in state.items()}


def _warnings(told: list[Event], target: str) -> set[datetime]:
    started = [event.data for event in told if isinstance(event.data, SlaStarted)]
    return {at for data in started if data.target == target for at in data.warn_at}


def without_withdrawn(verdicts: dict[tuple[str, datetime], str]) -> dict[tuple[str, datetime], str]:
    """Without targets that were withdrawn: which of them were ever begun depends on what was heard first."""
    return {key: verdict for key, verdict in verdicts.items() if verdict != "withdrawn"}


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    organisation=st.sampled_from(["westward", "wheatley"]),
    history=histories(),
    data=st.data(),
)
def test_any_order_ends_in_the_verdicts_of_the_order_of_times(
    packs: Packs, organisation: str, history: list[Said], data: st.DataObject
) -> None:
    expected = {key: verdict for key, (verdict, _) in model.verdicts(organisation, history, packs).items()}
    straight = Story(packs, organisation)
    for fact in sorted(history, key=lambda fact: fact.at):
        straight.given(fact)
    straight.after_downtime(FAR.strftime("%Y-%m-%d %H:%M"))
    assert net(straight.told) == _kept(straight)

    shuffled = Story(packs, organisation)
    doubled = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=10))))
    ticks = sorted(data.draw(st.lists(INSTANTS, min_size=len(doubled), max_size=len(doubled))))
    for fact, tick in zip(doubled, ticks, strict=True):
        shuffled.hear(fact, tick)
        if data.draw(st.booleans()):
            shuffled.look(tick)
    shuffled.after_downtime(FAR.strftime("%Y-%m-%d %H:%M"))
    assert net(shuffled.told) == _kept(shuffled)

    assert without_withdrawn(net(straight.told)) == without_withdrawn(expected)
    assert without_withdrawn(net(shuffled.told)) == without_withdrawn(expected)
    assert {key for key, verdict in expected.items() if verdict == "withdrawn"} <= set(net(shuffled.told))
    assert shuffled.state == straight.state and shuffled.next_at is None


def _kept(story: Story) -> dict[tuple[str, datetime], str]:
    return {(target.message, target.started_at): target.state for target in story.targets.values()}
