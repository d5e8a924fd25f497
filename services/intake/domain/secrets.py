"""Secrets of the Standard Webhooks scheme."""

import base64
import binascii

__all__ = ["good_secret"]

LEAST_BYTES = 24


def good_secret(secret: str) -> bool:
    """Whether it can be used: base64, with or without `whsec_`, of at least 24 bytes."""
    try:
        return len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= LEAST_BYTES
    except (binascii.Error, ValueError):
        return False
