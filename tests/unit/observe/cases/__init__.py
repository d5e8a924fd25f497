"""What every panel shows without the cause that it is there for, and with it."""

from tests.unit.observe.cases import bus, overview, services
from tests.unit.observe.cases.panel import Case

__all__ = ["CASES"]

CASES: tuple[Case, ...] = (*overview.CASES, *services.CASES, *bus.CASES)
