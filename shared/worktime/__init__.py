"""Working time: deadlines and durations that count only while an organisation is open."""

from shared.worktime.calendar import AtClose, Calendar

__all__ = ["AtClose", "Calendar"]
