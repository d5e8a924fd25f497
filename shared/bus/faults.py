"""Which failures say nothing about a record: what it needs is away, and comes back."""

import asyncpg
from aiokafka.errors import KafkaError

from shared.bus.errors import Transient
from shared.platform.db import is_outage

__all__ = ["transient"]

AWAY = ("08", "25P0", "28", "3D", "40", "53", "55", "57", "58")
"""SQLSTATE classes: connection, login, conflict, resources, intervention of an operator, system."""


def transient(error: BaseException | None) -> bool:
    """Whether to try again later, with back-off, and hold what waits for it."""
    if isinstance(error, (Transient, KafkaError)) or is_outage(error):
        return True
    while error is not None:
        if isinstance(error, asyncpg.InternalClientError):  # what a connection cut in the middle of a message says
            return True
        if str(getattr(error, "sqlstate", None) or "").startswith(AWAY):
            return True
        error = error.__cause__
    return False
