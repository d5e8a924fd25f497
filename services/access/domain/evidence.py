"""What a file is, by its content: evidence is a picture, a PDF or plain text, and is what its name says."""

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

__all__ = ["NotEvidence", "ending_of", "typed"]

MAGIC: Mapping[bytes, str] = MappingProxyType(
    {
        b"%PDF-": "application/pdf",
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF87a": "image/gif",
        b"GIF89a": "image/gif",
    }
)
ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        ".pdf": "application/pdf",
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".gif": "image/gif",
        ".webp": "image/webp",
        ".txt": "text/plain",
        ".csv": "text/plain",
        ".eml": "text/plain",
    }
)
_CONTROL = bytes(set(range(32)) - {9, 10, 13})


class NotEvidence(ValueError):
    """The file is of no kind that we keep, or not of the kind that its name says."""


def typed(name: str, content: bytes) -> str:
    """The media type of a file. Raises NotEvidence with what is wrong."""
    found = _sniffed(content)
    if found is None:
        raise NotEvidence("Evidence is a PDF, a PNG, JPEG, GIF or WebP picture, or plain text.")
    said = ENDINGS.get(PurePath(name).suffix.lower())
    if said != found:
        raise NotEvidence(f"The file's content is {found}; its name says otherwise.")
    return found


def ending_of(media_type: str) -> str:
    """What a file of a media type is called at its end."""
    return next(ending for ending, known in ENDINGS.items() if known == media_type).removeprefix(".")


def _sniffed(content: bytes) -> str | None:
    for magic, media_type in MAGIC.items():
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith((b"MZ", b"\x7fELF", b"PK\x03\x04", b"#!")) or content.translate(None, _CONTROL) != content:
        return None
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    return "text/plain"
