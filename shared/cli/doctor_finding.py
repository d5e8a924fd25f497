"""What a check of `houserules doctor` found: a verdict, what was seen, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Verdict", "bad", "ok", "unchecked", "warning"]

Verdict = Literal["ok", "warning", "bad", "not checked"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of one thing. `do` is empty where there is nothing to do; for "not checked", `says` is why."""

    check: str
    subject: str
    verdict: Verdict
    says: str
    do: str = ""


def ok(check: str, subject: str, says: str) -> Finding:
    """As it must be."""
    return Finding(check, subject, "ok", says)


def warning(check: str, subject: str, says: str, do: str) -> Finding:
    """Works, and somebody should look."""
    return Finding(check, subject, "warning", says, do)


def bad(check: str, subject: str, says: str, do: str) -> Finding:
    """Does not work, or breaks a promise."""
    return Finding(check, subject, "bad", says, do)


def unchecked(check: str, subject: str, why: str, do: str = "") -> Finding:
    """Could not be looked at, or follows from what another line says."""
    return Finding(check, subject, "not checked", why, do)
