"""Identifiers of ours in place of the networks' own, under a key per organisation that never leaves intake's database.

A keyed hash and not a plain one: an author's or a conversation's id at a network is often a telephone number or a
public profile, and whoever reads the bus must not be able to find it by trying.
"""

import hashlib
import hmac
import uuid
from dataclasses import dataclass, field

__all__ = ["KEY_BYTES", "Pseudonyms"]

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What one source's ids are called here. The same id of the same source always has the same name."""

    key: bytes = field(repr=False)
    source: str

    def _digest(self, what: str, external: str) -> bytes:
        said = f"{what}\x1f{self.source}\x1f{external}".encode()
        return hmac.digest(self.key, said, hashlib.sha256)

    def id(self, what: str, external: str) -> str:
        """A UUIDv8 (RFC 9562: 122 bits of our own making) for a `conversation`, `message`, `reply` or `post`."""
        raw = bytearray(self._digest(what, external)[:16])
        raw[6] = raw[6] & 0x0F | 0x80
        raw[8] = raw[8] & 0x3F | 0x80
        return str(uuid.UUID(bytes=bytes(raw)))

    def author(self, external: str) -> str:
        """The HMAC-SHA256 of an author's id, in hex."""
        return self._digest("author", external).hex()
