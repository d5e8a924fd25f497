"""The codes that a pack may use: those of the bus."""

from typing import Literal, get_args

__all__ = [
    "ACTIONS",
    "FLAGS",
    "MESSAGE_KINDS",
    "NATIONS",
    "TARGET_KINDS",
    "VISIBILITIES",
    "WEEKDAYS",
    "Action",
    "Clock",
    "Flag",
    "MessageKind",
    "Nation",
    "TargetKind",
    "Visibility",
    "WaiverReason",
    "Weekday",
]

Nation = Literal["ENG", "NIR", "SCT", "WLS"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TargetKind = Literal["response", "resolution", "moderate", "take-private", "removal-notice", "explain-removal"]
MessageKind = Literal["query", "complaint", "feedback", "thanks", "offensive", "threat", "spam", "unclassified"]
Flag = Literal["negative", "personal-data"]
Visibility = Literal["public", "private"]
WaiverReason = Literal["not-appropriate", "no-reply-needed"]
Clock = Literal["hours", "dates", "end-of-working-day"]
Action = Literal["hidden", "removed"]

NATIONS: tuple[str, ...] = get_args(Nation)
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
TARGET_KINDS: tuple[str, ...] = get_args(TargetKind)
MESSAGE_KINDS: tuple[str, ...] = get_args(MessageKind)
FLAGS: tuple[str, ...] = get_args(Flag)
VISIBILITIES: tuple[str, ...] = get_args(Visibility)
ACTIONS: tuple[str, ...] = get_args(Action)
