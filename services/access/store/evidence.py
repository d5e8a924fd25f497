"""What was shown as evidence, by the hash of its content."""

import hashlib
from typing import Any

from sqlalchemy import Row

from shared.bus.tx import Tx

__all__ = ["find", "keep"]

KEEP = """
    insert into evidence (organisation, hash, media_type, content, added_by, added_at)
    values (:organisation, :hash, :media_type, :content, :actor, :now)
    on conflict do nothing
"""

FIND = "select media_type, content from evidence where organisation = :organisation and hash = :hash"


async def find(tx: Tx, organisation: str, digest: str) -> Row[Any] | None:
    """A file, by its hash."""
    rows = await tx.fetch(FIND, organisation=organisation, hash=digest)
    return rows[0] if rows else None


async def keep(tx: Tx, organisation: str, actor: str, media_type: str, content: bytes) -> str:
    """Keep a file; its hash."""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    await tx.execute(
        KEEP,
        organisation=organisation,
        hash=digest,
        media_type=media_type,
        content=content,
        actor=actor,
        now=tx.now,
    )
    return digest
