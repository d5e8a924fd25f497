"""Signed forms as files: encrypted each with a key of its own, the keys in a store apart.

Without its key a form is unreadable in every copy of the folder and of the database: deleting the key deletes the form.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["FormLost", "Forms", "kind_of", "sha256"]

NONCE_BYTES, KEY_BITS = 12, 256

STARTS: Mapping[bytes, str] = MappingProxyType(
    {
        b"%PDF-": "application/pdf",
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"II*\x00": "image/tiff",
        b"MM\x00*": "image/tiff",
    }
)
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


class FormLost(Exception):
    """The file or its key is gone, or they do not belong together."""


def kind_of(content: bytes) -> str | None:
    """The media type of a form by its content, whatever its name says; None for anything else."""
    for start, kind in STARTS.items():
        if content.startswith(start):
            return kind
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        return "image/heic"
    return None


def sha256(content: bytes) -> str:
    """The hash as the bus writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Forms:
    """The two folders. Files are named by organisation and record; nothing of them follows from what a sender chose."""

    forms: Path
    keys: Path

    def keep(self, organisation: str, consent: str, content: bytes) -> None:
        """Encrypt and write a form; on return it survives a crash."""
        key = AESGCM.generate_key(bit_length=KEY_BITS)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, content, self._bound_to(organisation, consent))
        _write(self._key(organisation, consent), key)
        _write(self._form(organisation, consent), sealed)

    def read(self, organisation: str, consent: str) -> bytes:
        """The form in clear. Raises FormLost."""
        try:
            sealed = self._form(organisation, consent).read_bytes()
            key = self._key(organisation, consent).read_bytes()
            nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            return AESGCM(key).decrypt(nonce, body, self._bound_to(organisation, consent))
        except (FileNotFoundError, InvalidTag, ValueError) as error:
            raise FormLost(type(error).__name__) from error

    def forget(self, organisation: str, consent: str) -> None:
        """Delete the key, then the form. Again: nothing."""
        self._key(organisation, consent).unlink(missing_ok=True)
        self._form(organisation, consent).unlink(missing_ok=True)

    def _form(self, organisation: str, consent: str) -> Path:
        return self.forms / organisation / f"{consent}.form"

    def _key(self, organisation: str, consent: str) -> Path:
        return self.keys / organisation / f"{consent}.key"

    @staticmethod
    def _bound_to(organisation: str, consent: str) -> bytes:
        """What the seal is bound to: a file moved to another record does not open."""
        return f"{organisation}/{consent}".encode()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, readable by the service's account only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
