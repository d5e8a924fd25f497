"""Which failures say nothing about a record: what it needs is away, and comes back. Of the others, where they happened."""

import traceback
from pathlib import Path

import asyncpg
from aiokafka.errors import KafkaError

from shared.bus.errors import Transient
from shared.platform.db import is_outage

__all__ = ["transient", "where"]

ROOT = Path(__file__).resolve().parents[2]
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


def where(error: BaseException) -> str:
    """Where in our code it broke; an exception's text may hold what the record held."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(ROOT)]
    ours = [f for f in frames if ".venv" not in f.filename]
    if not ours:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}"
