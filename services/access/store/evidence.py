"""What was shown as evidence, by the hash of its content."""

import hashlib

from shared.bus.tx import Tx

__all__ = ["keep"]

KEEP = """
    insert into evidence (organisation, hash, media_type, content, added_by, added_at)
    values (:organisation, :hash, :media_type, :content, :actor, :now)
    on conflict do nothing
"""


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
