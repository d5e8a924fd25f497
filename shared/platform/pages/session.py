"""What a browser keeps for us: the token, a message to show once, and the proof that a form is one of ours.

The session is the bearer token itself, in a cookie that no script reads: nothing is kept here. What a form or a message
must prove is an HMAC under a key made of that token, so that it holds for one session and in every replica.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import Request

from shared.platform.auth import Principal

__all__ = [
    "COOKIE",
    "DOOR",
    "FLASH",
    "Visitor",
    "csrf_of",
    "from_here",
    "local_path",
    "matches",
    "open_flash",
    "seal_flash",
]

COOKIE = "houserules"
"""The token."""
DOOR = "houserules-door"
"""A random text for somebody who is not signed in yet, in place of the token."""
FLASH = "houserules-flash"
MOST_PATH = 2_000
MOST_FLASH = 500


def csrf_of(token: str) -> str:
    """What the hidden field of a session's forms says."""
    return _mac(token, b"houserules-csrf")


def _mac(token: str, text: bytes) -> str:
    return hmac.new(hashlib.sha256(token.encode()).digest(), text, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in at a page."""

    principal: Principal
    token: str = field(repr=False, compare=False)

    @property
    def csrf(self) -> str:
        """The hidden field of their forms."""
        return csrf_of(self.token)


def matches(given: object, token: str) -> bool:
    """Whether a form's field is this session's. Takes the same time for every wrong one."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), csrf_of(token).encode())


def from_here(request: Request) -> bool:
    """Whether the browser says that a form was sent from a page of this host. What it does not say is no objection."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        return False


def local_path(text: str | None, otherwise: str = "/") -> str:
    """`text` when it is a path of this host, with or without a query; else `otherwise`. No browser reads it as a host."""
    if text is None or not text.startswith("/") or text.startswith("//") or len(text) > MOST_PATH:
        return otherwise
    if "\\" in text or not text.isprintable() or " " in text:
        return otherwise
    return text


def seal_flash(token: str, message: str) -> str:
    """A message for the next page of this session."""
    text = message[:MOST_FLASH].encode()
    return f"{base64.urlsafe_b64encode(text).decode()}.{_mac(token, b'houserules-flash' + text)}"


def open_flash(token: str, sealed: str) -> str | None:
    """The message, unless it was made for another session or by somebody else."""
    encoded, _, proof = sealed.partition(".")
    try:
        text = base64.urlsafe_b64decode(encoded.encode())
        genuine = hmac.compare_digest(proof.encode(), _mac(token, b"houserules-flash" + text).encode())
        return text.decode() if genuine else None
    except (ValueError, binascii.Error):
        return None
