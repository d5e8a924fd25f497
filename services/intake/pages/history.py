"""What happened to an item, in the order of its times, as people read it."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.api.bodies import Item

__all__ = ["Entry", "history"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `words` are a person's own."""

    at: datetime
    what: str
    who: str | None = None
    words: str | None = None


def history(item: Item) -> list[Entry]:
    """Oldest first."""
    return sorted([*_texts(item), *_answers(item), *_acts(item)], key=lambda entry: entry.at)


def _texts(item: Item) -> list[Entry]:
    who = None if item.author is None else item.author.name or item.author.handle
    return [
        Entry(
            one.edited_at or item.posted_at,
            "The customer wrote" if number == 0 else "The customer changed it to",
            who,
            one.text,
        )
        for number, one in enumerate(item.revisions)
    ]


def _answers(item: Item) -> list[Entry]:
    return [
        Entry(
            reply.posted_at,
            "An automatic answer" if reply.automatic else f"We answered in {reply.visibility}",
            reply.account,
            reply.text,
        )
        for reply in item.replies
    ]


def _acts(item: Item) -> list[Entry]:
    entries = [
        Entry(act.at, f"{act.action.capitalize()}: {act.reason.replace('-', ' ')}", act.actor)
        for act in item.moderations
    ]
    entries += [Entry(note.at, f"Note ({note.action.replace('-', ' ')})", note.actor, note.note) for note in item.notes]
    moments = (
        (item.private_at, "Went on in private"),
        (item.resolved_at, "Resolved"),
        (item.notice_at, "The removal was made known"),
        (item.explained_at, "The removal was explained"),
    )
    return entries + [Entry(at, what) for at, what in moments if at is not None]
