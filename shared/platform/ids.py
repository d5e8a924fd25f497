"""Identifiers of ours."""

import uuid_utils

__all__ = ["uuid7"]


def uuid7() -> str:
    """A UUIDv7 (RFC 9562): made once, when an event is decided, from machine time."""
    return str(uuid_utils.uuid7())
