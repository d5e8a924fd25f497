"""The images topic."""

from shared.contracts.keys import Events

__all__ = ["EVENTS"]

EVENTS: Events = {}
