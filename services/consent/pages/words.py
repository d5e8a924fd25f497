"""Codes in the words of whoever has to act on them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["CHANNELS", "KINDS", "METHODS", "NOT_POSSIBLE", "OUTCOMES", "USES", "filters"]

CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        "internal": "inside the organisation",
        "website": "website",
        "social": "all social media",
        "press": "press",
        "print": "print",
        "partner": "partners",
        "archive": "archive",
    }
)
"""What a record may cover."""
NETWORKS = ("facebook", "instagram", "x", "linkedin", "youtube", "nextdoor", "tiktok")
USES = (*(channel for channel in CHANNELS if channel != "social"), *(f"social:{network}" for network in NETWORKS))
"""Channels that a page asks about."""
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "given": "agreed",
        "refused": "refused",
        "objected": "objected (staff, to use inside)",
        "asked": "was asked, and has not answered",
    }
)
METHODS: Mapping[str, str] = MappingProxyType({"signed": "on a signed form", "verbal": "by word of mouth"})
NOT_POSSIBLE: Mapping[str, str] = MappingProxyType(
    {
        "printed": "It is printed and given out",
        "third-party": "Somebody else published it and keeps it",
        "broadcast": "It was broadcast",
    }
)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "non-staff": "not staff",
        "staff": "staff",
        "child": "child",
        "contractor": "contractor",
        "volunteer": "volunteer",
        "board-member": "board member",
        "tenant": "tenant",
        "unknown": "not known",
    }
)
CODES: Mapping[str, str] = MappingProxyType(
    {
        "given": "in force",
        "objected": "objection",
        "invalid": "does not count",
        "permit": "may be used",
        "block": "blocked",
        "review": "to be reviewed",
        "requested": "to be taken down",
        "claimed": "somebody sees to it",
        "confirmed": "gone",
        "not-possible": "could not go",
        "expired": "out of date",
        "asked": "asked, no answer",
        "unsigned": "it is not signed",
        "undated": "it has no date",
        "future-dated": "its date is in the future",
        "wrong-name": "the name on it is another",
        "unrecorded": "nobody noted who took it",
        "hash-mismatch": "the file is not the one that was named",
        "no-consent": "no consent",
        "form-required": "no signed form",
        "out-of-scope": "agreed to something else",
        "invalid-form": "a form that does not count",
        "staff-specific-consent": "no consent that names the use",
        "withdrawn": "withdrawn",
        "refused": "refused",
        "unknown-image": "never uploaded",
        "background": "background not cleared",
        "copyright": "no right to use it",
    }
)
TONES: Mapping[str, str] = MappingProxyType(
    {"given": "good", "permit": "good", "confirmed": "good", "review": "warn", "asked": "warn", "claimed": "warn"}
)


def filters() -> dict[str, Callable[..., Any]]:
    """What templates call."""
    return {"words": words_of, "channel": channel_of, "tone": lambda code: TONES.get(code, "bad")}


def words_of(code: str) -> str:
    """A code in words; one without words with spaces."""
    return CODES.get(code) or KINDS.get(code) or code.replace("-", " ")


def channel_of(channel: str | None) -> str:
    """Where a use is seen."""
    if channel is None:
        return "any use"
    return CHANNELS.get(channel) or channel.removeprefix("social:").capitalize()
