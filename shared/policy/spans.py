"""Lengths of time and warning offsets as a pack writes them."""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

__all__ = ["ElapsedText", "Offset", "OffsetText", "Span", "SpanText", "parse_offset", "parse_span"]

_FIXED = re.compile(r"([0-9]{1,5}) (min|h|days?)")
_WORKING = re.compile(r"(half a|[0-9]{1,3}) working days?")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "day": timedelta(days=1), "days": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Span:
    """A length: fixed (`30 min`, `4 h`, `7 days`) or in working days (`half a working day`, `5 working days`)."""

    text: str
    fixed: timedelta
    working_days: float

    def on(self, nominal_day: timedelta) -> timedelta:
        """The length where a working day is this long."""
        return self.fixed + self.working_days * nominal_day

    @property
    def whole_days(self) -> int | None:
        """The number of working days when it is nothing but that."""
        return int(self.working_days) if not self.fixed and self.working_days.is_integer() else None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Offset:
    """When a warning comes: at half of the span, so long before its end, or at a time of day on the date it closes."""

    text: str
    half: bool = False
    before: timedelta | None = None
    at: time | None = None

    def __str__(self) -> str:
        return self.text


def parse_span(text: object) -> Span:
    """Read `30 min`, `4 h`, `7 days`, `half a working day`, `1 working day`, `5 working days`; else ValueError."""
    if isinstance(text, str):
        if working := _WORKING.fullmatch(text):
            return Span(text, timedelta(), 0.5 if working[1] == "half a" else float(working[1]))
        if (fixed := _FIXED.fullmatch(text)) and fixed[2] in _UNITS:
            return Span(text, int(fixed[1]) * _UNITS[fixed[2]], 0.0)
    raise ValueError(f"{text!r} is not a length such as '30 min', '4 h', 'half a working day' or '5 working days'")


def parse_offset(text: object) -> Offset:
    """Read `half`, a length before the end such as `30 min`, or a time of day such as `17:00`; else ValueError."""
    if text == "half":
        return Offset("half", half=True)
    if isinstance(text, str):
        if clock := _TIME_OF_DAY.fullmatch(text):
            return Offset(text, at=time(int(clock[1]), int(clock[2])))
        fixed = _FIXED.fullmatch(text)
        if fixed and fixed[2] in ("min", "h") and int(fixed[1]):
            return Offset(text, before=int(fixed[1]) * _UNITS[fixed[2]])
    raise ValueError(f"{text!r} is not a warning such as 'half', '30 min' (before the end) or '17:00'")


def parse_elapsed(text: object) -> Span:
    """Read a length that passes on any clock: no working days."""
    span = parse_span(text)
    if span.working_days:
        raise ValueError(f"{text!r} counts working days: this time passes by night and at weekends, too")
    return span


_AS_TEXT = PlainSerializer(str, return_type=str)
SpanText = Annotated[Span, PlainValidator(parse_span), _AS_TEXT]
ElapsedText = Annotated[Span, PlainValidator(parse_elapsed), _AS_TEXT]
OffsetText = Annotated[Offset, PlainValidator(parse_offset), _AS_TEXT]
