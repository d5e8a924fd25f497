"""What an alert is: when it fires, whom it wakes, and the two cases that show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

__all__ = ["Alert", "Case", "Severity"]

Severity = Literal["page", "ticket", "notice"]
"""Wakes somebody; waits for the working day; tells the landlord's own people that a promise to the public is broken."""
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Case:
    """Series in promtool's notation, a value a minute, and when to look. `labels` are those of the alert that fires.

    With no `labels` at all it must stay silent.
    """

    series: Mapping[str, str]
    at: str = "10m"
    labels: Mapping[str, str] | None = None
    severities: tuple[Severity, ...] = ()
    """Of an objective's alert, which of the two fire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. Spans are written `<5m>`. `summary` may name labels as `{{ $labels.x }}`, and no value."""

    name: str
    expr: str
    lasting: str = "<0s>"
    severity: Severity
    summary: str
    fires: tuple[Case, ...]
    silent: tuple[Case, ...]
    labels: Mapping[str, str] = field(default_factory=lambda: NONE)

    def said(self, labels: Mapping[str, str]) -> str:
        """The summary with its labels."""
        text = self.summary
        for name in ("service", "organisation", "source", "topic", "partition", "reason", "code"):
            text = text.replace(f"{{{{ $labels.{name} }}}}", labels.get(name, ""))
        return text
